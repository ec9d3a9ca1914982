// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	githubapi "github.com/cutwater-ci/cutwater/internal/github"
)

// story is a pull in an org/repo, its runs, and what happens to them.
type story struct {
	hub      *recorder
	settings Settings
	runs     []*prowv1.ProwJob
	reporter *Reporter
}

// ByIndex finds runs for the reporter.
func (s *story) ByIndex(index, key string) ([]any, error) {
	var found []any
	for _, run := range s.runs {
		keys, err := Indexers()[index](run)
		if err != nil {
			return nil, err
		}
		if slices.Contains(keys, key) {
			found = append(found, run)
		}
	}
	return found, nil
}

// TestStories plays testdata/*.txtar. Each line of "script" that is not
// indented is a step, and the indented ones after it are what the reporter
// does; "comments" is what is on the pull in the end.
//
//	summary | no comments | template TEXT    settings
//	run JOB STATE [optional] [postsubmit] [batch] [silent]
//	     the job's newest run comes into a state and is reported
//	again JOB                                its state is reported once more
//	late JOB                                 the state of the run before it is reported
//	comment LOGIN TEXT                       somebody comments, \n in TEXT is a new line
//	refuse OP STATUS [MESSAGE]               GitHub refuses the next such request
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sections := map[string]string{}
			for _, f := range archive.Files {
				sections[f.Name] = string(f.Data)
			}
			s := &story{hub: &recorder{bot: "ci-robot", nextID: 101}}
			s.reporter = NewReporter(s.hub, s, func() Settings { return s.settings })
			var got strings.Builder
			for line := range strings.Lines(sections["script"]) {
				if line = strings.TrimRight(line, "\n"); line == "" || line[0] == ' ' {
					continue
				}
				fmt.Fprintln(&got, line)
				for _, did := range s.step(t, line) {
					fmt.Fprintln(&got, "  "+did)
				}
			}
			if diff := cmp.Diff(strings.ReplaceAll(sections["script"], "\n\n", "\n"), got.String()); diff != "" {
				t.Errorf("what was done (-want +got):\n%s", diff)
			}
			if want, ok := sections["comments"]; ok {
				if diff := cmp.Diff(want, s.comments()); diff != "" {
					t.Errorf("comments in the end (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func (s *story) comments() string {
	var b strings.Builder
	for _, comment := range s.hub.comments {
		fmt.Fprintf(&b, "%d by %s:\n%s\n", comment.ID, comment.Author.Login, comment.Body)
	}
	return b.String()
}

// step plays a line and returns what was done.
func (s *story) step(t *testing.T, line string) []string {
	t.Helper()
	verb, rest, _ := strings.Cut(line, " ")
	args := strings.Fields(rest)
	switch verb {
	case "summary":
		s.settings.SummaryCommentRepos = []string{"org"}
	case "no":
		s.settings.NoCommentRepos = []string{"org/repo"}
	case "template":
		extra := template.Must(template.New("").Parse(rest))
		s.settings.Template = func(*prowv1.Refs) *template.Template { return extra }
	case "comment":
		login, text, _ := strings.Cut(rest, " ")
		s.hub.comments = append(s.hub.comments, githubapi.Comment{
			ID: int64(len(s.hub.comments) + 1), Body: strings.ReplaceAll(text, `\n`, "\n"), Author: githubapi.User{Login: login},
		})
	case "refuse":
		s.refuse(t, args)
	case "run":
		return s.report(t, s.run(args))
	case "again":
		return s.report(t, s.newest(args[0], 0))
	case "late":
		return s.report(t, s.newest(args[0], 1))
	default:
		t.Fatalf("no step %q", line)
	}
	return nil
}

// newest is the newest run of a job but for some.
func (s *story) newest(job string, but int) *prowv1.ProwJob {
	for _, run := range slices.Backward(s.runs) {
		if run.Spec.Job != job {
			continue
		}
		if but == 0 {
			return run
		}
		but--
	}
	return nil
}

// run brings the newest run of a job into a state; when it has ended, a new run.
func (s *story) run(args []string) *prowv1.ProwJob {
	job, state := args[0], prowv1.ProwJobState(args[1])
	pj := s.newest(job, 0)
	if pj == nil || pj.Complete() {
		n := len(s.runs) + 1
		pj = &prowv1.ProwJob{
			ObjectMeta: metav1.ObjectMeta{
				Name:              strconv.Itoa(n),
				CreationTimestamp: metav1.NewTime(time.Unix(int64(n), 0)),
				Labels:            map[string]string{prowv1.OrgLabel: "org", prowv1.RepoLabel: "repo", prowv1.PullLabel: "5", prowv1.IsOptionalLabel: "false"},
			},
			Spec: prowv1.ProwJobSpec{
				Type: prowv1.PresubmitJob, Job: job, Context: job, Report: true, RerunCommand: "/test " + job,
				Refs: &prowv1.Refs{Org: "org", Repo: "repo", BaseSHA: strings.Repeat("b", 40), Pulls: []prowv1.Pull{{Number: 5, Author: "ann", SHA: "abc"}}},
			},
			Status: prowv1.ProwJobStatus{URL: fmt.Sprintf("https://deck/%d", n)},
		}
		s.runs = append(s.runs, pj)
	}
	for _, arg := range args[2:] {
		switch arg {
		case "optional":
			pj.Labels[prowv1.IsOptionalLabel] = "true"
		case "postsubmit":
			pj.Spec.Type, pj.Spec.Refs.Pulls = prowv1.PostsubmitJob, nil
			delete(pj.Labels, prowv1.PullLabel)
		case "batch":
			pj.Spec.Type, pj.Spec.Refs.Pulls = prowv1.BatchJob, append(pj.Spec.Refs.Pulls, prowv1.Pull{Number: 6})
		case "silent":
			pj.Spec.Report = false
		}
	}
	pj.Status.State, pj.Status.Description = state, "Job "+args[1]+"."
	switch state {
	case prowv1.SuccessState, prowv1.FailureState, prowv1.ErrorState, prowv1.AbortedState:
		pj.SetComplete(time.Unix(1, 0))
	case prowv1.SchedulingState, prowv1.TriggeredState, prowv1.PendingState:
	}
	return pj
}

// report does what the controller does, and returns what came of it.
func (s *story) report(t *testing.T, pj *prowv1.ProwJob) []string {
	if !s.reporter.ShouldReport(pj) {
		return []string{"not reported"}
	}
	s.hub.calls = nil
	err := s.reporter.Report(t.Context(), pj)
	var did []string
	for _, c := range s.hub.calls {
		switch c.Op {
		case "create_status":
			did = append(did, fmt.Sprintf("status %s %s on %s", c.Status.Context, c.Status.State, c.SHA))
		case "create_comment":
			did = append(did, fmt.Sprintf("create %d: %s", s.hub.nextID-1, summary(c.Body)))
		case "edit_comment":
			did = append(did, fmt.Sprintf("edit %d: %s", c.ID, summary(c.Body)))
		case "delete_comment":
			did = append(did, fmt.Sprintf("delete %d", c.ID))
		}
	}
	if err != nil {
		did = append(did, "error: "+err.Error())
	}
	return did
}

// summary is the contexts in a comment's table, or its first line.
func summary(body string) string {
	var contexts []string
	for _, r := range rowsIn(body) {
		contexts = append(contexts, r.context())
	}
	if len(contexts) == 0 {
		first, _, _ := strings.Cut(body, "\n")
		return first
	}
	return strings.Join(contexts, ", ")
}

// refuse makes GitHub refuse the next request of a kind.
func (s *story) refuse(t *testing.T, args []string) {
	status, err := strconv.Atoi(args[1])
	if err != nil {
		t.Fatal(err)
	}
	s.hub.refuse = func(c call) error {
		if c.Op != args[0] {
			return nil
		}
		s.hub.refuse = nil
		return fmt.Errorf("refused: %w", &githubapi.Error{Status: status, Method: http.MethodPost, Path: "/x", Message: strings.Join(args[2:], " ")})
	}
}

func TestDescribe(t *testing.T) {
	sha := strings.Repeat("a", 40)
	pad := func(n int) string { return strings.Repeat("\u2001", n) }
	for _, tc := range []struct{ text, base, want string }{
		{"Job failed.", sha, "Job failed." + pad(20) + " BaseSHA:" + sha},
		{"", sha, pad(23) + " BaseSHA:" + sha},
		{strings.Repeat("x", 91), sha, strings.Repeat("x", 91) + " BaseSHA:" + sha},
		{strings.Repeat("x", 92), sha, strings.Repeat("x", 43) + " ... " + strings.Repeat("x", 43) + " BaseSHA:" + sha},
		{strings.Repeat("x", 88), sha, strings.Repeat("x", 88) + pad(1) + " BaseSHA:" + sha},
		{strings.Repeat("x", 90), sha, strings.Repeat("x", 41) + " ... " + strings.Repeat("x", 41) + pad(1) + " BaseSHA:" + sha},
		{"short", "", "short"},
		{"a base that is none", strings.Repeat("b", 150), elision + " BaseSHA:" + strings.Repeat("b", 150)},
		{strings.Repeat("y", 141), "", strings.Repeat("y", 67) + " ... " + strings.Repeat("y", 67)},
		{strings.Repeat("é", 80), "", strings.Repeat("é", 33) + " ... " + strings.Repeat("é", 33)},
	} {
		if got := Describe(tc.text, tc.base); got != tc.want {
			t.Errorf("%q with %q:\n got %q\nwant %q", tc.text, tc.base, got, tc.want)
		}
	}
}

func TestLongTable(t *testing.T) {
	s := &story{}
	var rows []row
	for i := range 2000 {
		rows = append(rows, row(fmt.Sprintf("job-%04d | sha | [link](https://deck/%d) | true | `/test`", i, i)))
	}
	body, err := renderComment(rows, s.run([]string{"unit", "failure"}), nil)
	if err != nil {
		t.Fatal(err)
	}
	kept := rowsIn(body)
	if len(body) > maxComment || len(kept) < 900 || kept[len(kept)-1] != rows[len(rows)-1] {
		t.Errorf("got %d bytes with %d rows up to %q, want at most %d bytes with the last rows", len(body), len(kept), kept[len(kept)-1], maxComment)
	}
}

// A job's names cannot end the table.
func TestHostileRow(t *testing.T) {
	pj := (&story{}).run([]string{"unit", "failure"})
	pj.Spec.Context, pj.Spec.RerunCommand = "x\n\n@everyone", "/test\r\n<!-- test report -->"
	if r := rowOf(pj); strings.ContainsAny(string(r), "\r\n") {
		t.Errorf("got %q", r)
	}
}

func TestLockWaitsNoLongerThanItsContext(t *testing.T) {
	var l locks
	unlock, err := l.lock(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if other, err := l.lock(t.Context(), "b"); err != nil {
		t.Error(err)
	} else {
		other()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.lock(ctx, "a"); !errors.Is(err, ctx.Err()) {
		t.Errorf("got error %v, want %v", err, ctx.Err())
	}
	unlock()
	if len(l.held) != 0 {
		t.Errorf("%d locks are left", len(l.held))
	}
}
