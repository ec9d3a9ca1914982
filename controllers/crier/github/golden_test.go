// SPDX-License-Identifier: Apache-2.0

package github

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	githubapi "github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/goldens"
)

// sequence is a row of results on a pull, and what Prow did on GitHub after each.
type sequence struct {
	Bot      string `json:"bot"`
	Config   string `json:"config"`
	Repo     string `json:"repo"`
	Jobs     []string
	FirstID  int64 `json:"first_created_comment_id"`
	Comments []struct {
		ID          int64
		Body, Login string
	} `json:"comments_at_start"`
	Steps []struct {
		Reported   []string
		Statuses   []prowv1.ProwJobStatus
		MustCreate bool `json:"must_create"`
		Calls      []call
	}
}

// TestReportGolden holds what we send to GitHub against what Prow sent.
func TestReportGolden(t *testing.T) {
	dir := goldens.Dir(t)
	data, err := os.ReadFile(filepath.Join(dir, "github-report", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sequences []sequence
	if err := json.Unmarshal(data, &sequences); err != nil {
		t.Fatal(err)
	}
	jobs := map[string]map[string]*prowv1.ProwJob{}
	calls := 0
	for _, seq := range sequences {
		if jobs[seq.Config] == nil {
			jobs[seq.Config] = goldenJobs(t, dir, seq.Config, sequences)
		}
		t.Run(seq.Config+"/"+seq.Repo, func(t *testing.T) { calls += playSequence(t, dir, seq, jobs[seq.Config]) })
	}
	if calls == 0 {
		t.Error("no call was compared")
	}
}

func playSequence(t *testing.T, dir string, seq sequence, jobs map[string]*prowv1.ProwJob) (compared int) {
	hub := &recorder{bot: seq.Bot, nextID: seq.FirstID}
	for _, c := range seq.Comments {
		hub.comments = append(hub.comments, githubapi.Comment{ID: c.ID, Body: c.Body, Author: githubapi.User{Login: c.Login}})
	}
	settings := Settings{Template: goldenTemplate(t, dir, seq.Config)}
	reporter := NewReporter(hub, &story{}, func() Settings { return settings })
	for i, step := range seq.Steps {
		var runs []*prowv1.ProwJob
		for j, reported := range step.Reported {
			index, _, _ := strings.Cut(reported, ":")
			n, err := strconv.Atoi(index)
			if err != nil {
				t.Fatal(err)
			}
			run := jobs[seq.Repo+" "+seq.Jobs[n]].DeepCopy()
			run.Status = step.Statuses[j]
			runs = append(runs, run)
		}
		hub.calls = nil
		var err error
		if len(runs) == 1 {
			err = reporter.Report(t.Context(), runs[0])
		} else {
			refs := runs[0].Spec.Refs
			pull := githubapi.Issue{Org: refs.Org, Repo: refs.Repo, Number: refs.Pulls[0].Number}
			err = reporter.tell(t.Context(), settings, pull, runs, step.MustCreate)
		}
		if err != nil {
			t.Errorf("step %d (%v): %v", i, step.Reported, err)
		}
		if diff := cmp.Diff(step.Calls, hub.calls); diff != "" {
			t.Errorf("step %d (%v): calls differ (-want +got):\n%s", i, step.Reported, diff)
		}
		compared += len(step.Calls)
	}
	return compared
}

// goldenJobs are the presubmits of a configuration that sequences are about, by "org/repo job".
func goldenJobs(t *testing.T, dir, config string, sequences []sequence) map[string]*prowv1.ProwJob {
	wanted := map[string]bool{}
	for _, seq := range sequences {
		for _, job := range seq.Jobs {
			wanted[seq.Repo+" "+job] = true
		}
	}
	type line struct {
		Type, Repo, Job string
		ProwJob         json.RawMessage
	}
	jobs := map[string]*prowv1.ProwJob{}
	goldens.Lines(t, filepath.Join(dir, config, "golden.jsonl.gz"), func(l line) {
		key := l.Repo + " " + l.Job
		if l.Type != "presubmit" || !wanted[key] || jobs[key] != nil {
			return
		}
		jobs[key] = &prowv1.ProwJob{}
		if err := json.Unmarshal(l.ProwJob, jobs[key]); err != nil {
			t.Fatal(err)
		}
	})
	return jobs
}

// goldenTemplate reads the one template that these configurations have.
func goldenTemplate(t *testing.T, dir, config string) func(*prowv1.Refs) *template.Template {
	data, err := os.ReadFile(filepath.Join(dir, config, "config-defaulted.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Plank struct {
			Templates map[string]string `json:"report_templates"`
		} `json:"plank"`
	}
	if err := yaml.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	text, ok := c.Plank.Templates["*"]
	if !ok {
		return nil
	}
	parsed := template.Must(template.New("report").Parse(text))
	return func(*prowv1.Refs) *template.Template { return parsed }
}
