// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	jobconfig "github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/goldens"
	"github.com/cutwater-ci/cutwater/triggers/jobs"
)

// The inputs that all goldens were made with.
const (
	goldenName    = "11111111-2222-4333-8444-555555555555"
	goldenGUID    = "2f6cb1a0-5f5c-11ee-8c99-0242ac120002"
	goldenBaseSHA = "0123456789abcdef0123456789abcdef01234567"
	goldenHeadSHA = "89abcdef0123456789abcdef0123456789abcdef"
)

func goldenTime() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// forEachGolden runs a test with every real configuration.
func forEachGolden(t *testing.T, test func(t *testing.T, dir string, c *config.Config)) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(goldens.Dir(t), "*", "jobs-defaulted.jsonl.gz"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no configurations: %v", err)
	}
	for _, file := range found {
		dir := filepath.Dir(file)
		if _, err := os.Stat(filepath.Join(dir, "jobs")); err != nil {
			continue // The folder shows sharding and has no jobs.
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			c, err := config.Load(context.Background(), config.Files{Config: filepath.Join(dir, "config.yaml"), Jobs: filepath.Join(dir, "jobs")})
			if err != nil {
				t.Fatal(err)
			}
			test(t, dir, c)
		})
	}
}

// report says how many lines were compared, by kind.
type report map[string]int

func (r report) log(t *testing.T) {
	t.Helper()
	for _, kind := range slices.Sorted(maps.Keys(r)) {
		t.Logf("%d lines of kind %s compared", r[kind], kind)
	}
}

func TestProwJobsGolden(t *testing.T) {
	type line struct {
		Type, Repo, Job string
		BaseRef         string         `json:"base_ref"`
		ProwJob         map[string]any `json:"prowjob"`
	}
	forEachGolden(t, func(t *testing.T, dir string, c *config.Config) {
		compared, used := report{}, map[string]int{}
		goldens.Lines(t, filepath.Join(dir, "golden.jsonl.gz"), func(want line) {
			compared[want.Type]++
			key := want.Type + " " + want.Repo + " " + want.Job
			made := made(c, want.Type, want.Repo, want.Job, want.BaseRef, used[key])
			used[key]++
			if made == nil {
				t.Errorf("%s: there is no such job", key)
				return
			}
			got := goldens.Map(t, made)
			delete(got["metadata"].(map[string]any), "creationTimestamp")
			delete(want.ProwJob["metadata"].(map[string]any), "creationTimestamp")
			if !reflect.DeepEqual(want.ProwJob, got) {
				t.Errorf("%s differs (-want +got):\n%s", key, cmp.Diff(want.ProwJob, got))
			}
		})
		compared.log(t)
	})
}

// made makes the ProwJob of the n-th job of this name, as hook, tide and horologium do.
func made(c *config.Config, kind, repo, name, baseRef string, n int) *prowv1.ProwJob {
	options := jobs.Options{Name: goldenName, Namespace: c.ProwJobNamespace, Now: goldenTime(), Scheduling: c.Scheduler.Enabled}
	org, repoName := splitRepo(repo)
	link := repo
	if !strings.Contains(repo, "://") {
		link = "https://github.com/" + repo
	}
	switch kind {
	case "presubmit", "batch":
		p := nth(c.Presubmits(repo), n, func(p *jobconfig.Presubmit) bool { return p.Name == name })
		if p == nil {
			return nil
		}
		pull := github.Pull{
			Number: 123, Title: "Add a feature", HTMLURL: link + "/pull/123",
			Author: github.User{Login: "octocat", HTMLURL: "https://github.com/octocat"},
			Base:   github.Branch{Ref: baseRef, Repo: github.Repo{Org: org, Name: repoName}, RepoHTMLURL: link},
			Head:   github.Branch{Ref: "feature", SHA: goldenHeadSHA},
		}
		if kind == "presubmit" {
			options.EventGUID = goldenGUID
			return jobs.FromPresubmit(*p, jobs.PullRefs(pull, goldenBaseSHA), options)
		}
		return jobs.FromBatch(*p, batchRefs(org, repoName, link, baseRef), options)
	case "postsubmit":
		p := nth(c.Postsubmits(repo), n, func(p *jobconfig.Postsubmit) bool { return p.Name == name })
		if p == nil {
			return nil
		}
		options.EventGUID = goldenGUID
		return jobs.FromPostsubmit(*p, jobs.PushRefs(jobs.Push{
			Repo: github.Repo{Org: org, Name: repoName}, RepoHTMLURL: link, Branch: baseRef, After: goldenBaseSHA,
			Compare: link + "/compare/aaaaaaaaaaaa...0123456789ab",
		}), options)
	}
	p := nth(c.Periodics(), n, func(p *jobconfig.Periodic) bool { return p.Name == name })
	if p == nil {
		return nil
	}
	return jobs.FromPeriodic(*p, options)
}

// batchRefs are the refs of a batch as tide makes them.
func batchRefs(org, repo, link, baseRef string) prowv1.Refs {
	pull := func(number int, sha, title, head string) prowv1.Pull {
		return prowv1.Pull{
			Number: number, Author: "octocat", SHA: sha, Title: title, HeadRef: head, Link: fmt.Sprintf("%s/pull/%d", link, number),
			CommitLink: link + "/commit/" + sha, AuthorLink: "https://github.com/octocat",
		}
	}
	return prowv1.Refs{
		Org: org, Repo: repo, RepoLink: link, BaseRef: baseRef, BaseSHA: goldenBaseSHA, BaseLink: link + "/tree/" + goldenBaseSHA,
		Pulls: []prowv1.Pull{
			pull(123, goldenHeadSHA, "Add a feature", "feature"),
			pull(124, strings.Repeat("b", 40), "Add a feature too", "feature-2"),
		},
	}
}

func nth[T any](all []T, n int, is func(*T) bool) *T {
	for i := range all {
		if is(&all[i]) {
			if n == 0 {
				return &all[i]
			}
			n--
		}
	}
	return nil
}

// splitRepo splits org/repo; Gerrit's orgs are https://host, and its repos have slashes.
func splitRepo(orgRepo string) (org, repo string) {
	scheme, rest, found := strings.Cut(orgRepo, "://")
	if !found {
		org, repo, _ = strings.Cut(orgRepo, "/")
		return org, repo
	}
	host, repo, _ := strings.Cut(rest, "/")
	return scheme + "://" + host, repo
}

// trigger is a line of triggers.jsonl.gz of any kind.
type trigger struct {
	Kind, Repo, Branch, Comment, Note, Contexts string
	Help                                        bool
	Files, Jobs                                 []string

	HelpMessage      string   `json:"help_message"`
	RequiredCommands []string `json:"required_commands"`
	OptionalCommands []string `json:"optional_commands"`
	TestAll          []string `json:"test_all"`

	Job                   string
	Context               string
	Trigger               string
	Optional              bool
	AlwaysRun             bool                         `json:"always_run"`
	ContextRequired       bool                         `json:"context_required"`
	NeedsExplicitTrigger  bool                         `json:"needs_explicit_trigger"`
	TriggersConditionally bool                         `json:"triggers_conditionally"`
	RerunCommand          string                       `json:"rerun_command"`
	CouldRun              map[string]bool              `json:"could_run"`
	ShouldRun             map[string]map[string][]bool `json:"should_run__false_false__forced__default_true"`
	TriggerMatches        map[string]bool              `json:"trigger_matches"`
}

func TestTriggersGolden(t *testing.T) {
	forEachGolden(t, func(t *testing.T, dir string, c *config.Config) {
		compared, used := report{}, map[string]int{}
		goldens.Lines(t, filepath.Join(dir, "triggers.jsonl.gz"), func(want trigger) {
			compared[want.Kind]++
			presubmits := c.Presubmits(want.Repo)
			changes := jobconfig.FixedChanges(want.Files...)
			switch want.Kind {
			case "presubmit":
				key := want.Repo + " " + want.Job
				comparePresubmit(t, *nth(presubmits, used[key], func(p *jobconfig.Presubmit) bool { return p.Name == want.Job }), want)
				used[key]++
			case "pull_request":
				selected, err := jobs.Select(presubmits, want.Branch, changes, jobs.Automatic)
				compareNames(t, want, selected, err)
			case "issue_comment":
				compareComment(t, presubmits, want)
			case "available":
				got, err := jobs.AvailableFor(presubmits, want.Branch, changes)
				if err != nil {
					t.Error(err)
				}
				wanted := jobs.Available{Required: want.RequiredCommands, Optional: want.OptionalCommands, TestAll: want.TestAll}
				if diff := cmp.Diff(wanted, got, sameEmpty()); diff != "" {
					t.Errorf("%s@%s %v: %s", want.Repo, want.Branch, want.Files, diff)
				}
				if diff := cmp.Diff(want.HelpMessage, got.HelpText(want.Repo, want.Branch)); diff != "" {
					t.Errorf("%s@%s %v: help (-want +got): %s", want.Repo, want.Branch, want.Files, diff)
				}
			case "push":
				selected, err := jobs.OnPush(c.Postsubmits(want.Repo), want.Branch, changes)
				if err != nil {
					t.Error(err)
				}
				var names []string
				for _, p := range selected {
					names = append(names, p.Name)
				}
				if !slices.Equal(want.Jobs, names) {
					t.Errorf("push to %s@%s %v: got %v, want %v", want.Repo, want.Branch, want.Files, names, want.Jobs)
				}
			default:
				t.Errorf("unknown kind %s", want.Kind)
			}
		})
		compared.log(t)
	})
}

func sameEmpty() cmp.Option {
	return cmp.Transformer("list", func(in []string) []string { return append([]string{}, in...) })
}

func comparePresubmit(t *testing.T, p jobconfig.Presubmit, want trigger) {
	t.Helper()
	got := trigger{
		Kind: want.Kind, Repo: want.Repo, Job: p.Name, Context: p.Context, Trigger: p.Trigger, Optional: p.Optional, AlwaysRun: p.AlwaysRun,
		ContextRequired: p.ContextRequired(), NeedsExplicitTrigger: p.NeedsExplicitTrigger(), TriggersConditionally: p.TriggersConditionally(),
		RerunCommand: p.RerunCommand, CouldRun: map[string]bool{}, ShouldRun: map[string]map[string][]bool{}, TriggerMatches: map[string]bool{},
	}
	for branch, byFiles := range want.ShouldRun {
		got.CouldRun[branch] = p.CouldRun(branch)
		got.ShouldRun[branch] = map[string][]bool{}
		for files := range byFiles {
			var answers []bool
			for _, how := range [][2]bool{{false, false}, {true, true}, {false, true}} {
				run, err := p.ShouldRun(branch, jobconfig.FixedChanges(strings.Split(files, ",")...), how[0], how[1])
				if err != nil {
					t.Error(err)
				}
				answers = append(answers, run)
			}
			got.ShouldRun[branch][files] = answers
		}
	}
	for comment := range want.TriggerMatches {
		got.TriggerMatches[comment] = p.TriggerMatches(comment)
	}
	if !reflect.DeepEqual(want, got) {
		t.Errorf("%s %s differs (-want +got):\n%s", want.Repo, want.Job, cmp.Diff(want, got))
	}
}

func compareComment(t *testing.T, presubmits []jobconfig.Presubmit, want trigger) {
	t.Helper()
	filter, err := jobs.CommentFilter(want.Comment, true, func() (jobs.Contexts, error) { return goldenContexts(presubmits, want.Contexts), nil })
	if err != nil {
		t.Error(err)
	}
	selected, err := jobs.Select(presubmits, want.Branch, jobconfig.FixedChanges(want.Files...), filter)
	compareNames(t, want, selected, err)
	note, help := jobs.NeedsHelp(want.Comment, len(selected))
	if help != want.Help || note != want.Note {
		t.Errorf("%q on %s@%s: got help %v %q, want %v %q", want.Comment, want.Repo, want.Branch, help, note, want.Help, want.Note)
	}
}

func goldenContexts(presubmits []jobconfig.Presubmit, which string) jobs.Contexts {
	contexts := jobs.Contexts{Failed: map[string]bool{}, All: map[string]bool{}}
	if which != "some contexts" {
		return contexts
	}
	for i, p := range presubmits {
		if i%2 == 0 {
			contexts.Failed[p.Context] = true
		}
		if i%3 != 2 || i%2 == 0 {
			contexts.All[p.Context] = true
		}
	}
	return contexts
}

func compareNames(t *testing.T, want trigger, selected []jobconfig.Presubmit, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
	var names []string
	for _, p := range selected {
		names = append(names, p.Name)
	}
	if !slices.Equal(want.Jobs, names) {
		t.Errorf("%s %q on %s@%s %v: got %v, want %v", want.Kind, want.Comment, want.Repo, want.Branch, want.Files, names, want.Jobs)
	}
}
