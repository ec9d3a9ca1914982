// SPDX-License-Identifier: Apache-2.0

package makejob_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/internal/goldens"
	"github.com/cutwater-ci/cutwater/local/makejob"
	"github.com/cutwater-ci/cutwater/podutils/decorate"
	triggers "github.com/cutwater-ci/cutwater/triggers/jobs"
)

// goldenLine is a line of golden.jsonl.gz.
type goldenLine struct {
	Type    prowv1.ProwJobType
	Repo    string
	Job     string
	BaseRef string          `json:"base_ref"`
	Matched *bool           `json:"branch_matched"`
	ProwJob json.RawMessage `json:"prowjob"`
	Pod     json.RawMessage `json:"pod"`
}

// matched reports whether the job runs on the golden's branch, if it is about branches.
func (l goldenLine) matched() bool { return l.Matched == nil || *l.Matched }

// goldenCode is what all goldens run on.
func goldenCode(line goldenLine) makejob.Code {
	code := makejob.Code{BaseRef: line.BaseRef, BaseSHA: "0123456789abcdef0123456789abcdef01234567"}
	first := makejob.Pull{
		Number: 123, SHA: "89abcdef0123456789abcdef0123456789abcdef", Author: "octocat", Title: "Add a feature", HeadRef: "feature",
	}
	switch line.Type {
	case prowv1.PresubmitJob:
		code.Pulls = []makejob.Pull{first}
	case prowv1.BatchJob:
		code.Pulls = []makejob.Pull{first, {
			Number: 124, SHA: "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", Author: "octocat", Title: "Add a feature too", HeadRef: "feature-2",
		}}
	case prowv1.PostsubmitJob:
		link := line.Repo
		if !strings.Contains(link, "://") {
			link = "https://github.com/" + link
		}
		code.BaseLink = link + "/compare/aaaaaaaaaaaa...0123456789ab"
	default: // a periodic runs on what its configuration says
	}
	return code
}

// TestGolden makes ProwJobs and pods of jobs of every configuration, and compares
// them with Prow's: of all jobs or, of a large configuration, of some hundred.
func TestGolden(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join(goldens.Dir(t), "*", "jobs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, jobsDir := range dirs {
		dir := filepath.Dir(jobsDir)
		file := filepath.Join(dir, "golden.jsonl.gz")
		info, err := os.Stat(file)
		if err != nil {
			continue // it is of something else
		}
		stride := 1 + int(info.Size())/150_000
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			c, err := config.Load(t.Context(), config.Files{Config: filepath.Join(dir, "config.yaml"), Jobs: jobsDir})
			if err != nil {
				t.Fatal(err)
			}
			lines, compared, differ := 0, 0, 0
			goldens.Lines(t, file, func(line goldenLine) {
				if lines++; lines%stride != 0 && line.matched() {
					return
				}
				compared++
				if diff := goldenDiff(t, c, line); diff != "" {
					if differ++; differ <= 3 {
						t.Errorf("%s %s of %s (-want +got):\n%s", line.Type, line.Job, line.Repo, diff)
					}
				}
			})
			t.Logf("%d of %d lines compared, %d differ", compared, lines, differ)
		})
	}
}

func goldenDiff(t *testing.T, c *config.Config, line goldenLine) string {
	t.Helper()
	found, err := makejob.Find(c.Jobs, makejob.Query{Name: line.Job, Repo: line.Repo, Type: line.Type})
	if err != nil {
		return err.Error()
	}
	if line.matched() || len(found) == 1 {
		job, err := makejob.Choose(found, line.BaseRef)
		if err != nil {
			return err.Error()
		}
		return jobDiff(t, c, line, job)
	}
	var diffs []string
	for _, job := range found { // They run on other branches, so the golden's does not tell which it is.
		diff := jobDiff(t, c, line, job)
		if diff == "" {
			return ""
		}
		diffs = append(diffs, diff)
	}
	return strings.Join(diffs, "\n")
}

// jobDiff compares what is made of the job with the golden.
func jobDiff(t *testing.T, c *config.Config, line goldenLine, job jobs.Any) string {
	t.Helper()
	pj, err := makejob.ProwJob(job, goldenCode(line), line.Type == prowv1.BatchJob, "https://github.com", triggers.Options{
		Name: "11111111-2222-4333-8444-555555555555", Namespace: c.ProwJobNamespace, EventGUID: "2f6cb1a0-5f5c-11ee-8c99-0242ac120002",
		Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Scheduling: c.Scheduler.Enabled,
	})
	if err != nil {
		return err.Error()
	}
	if diff := printedDiff(t, line.ProwJob, pj); diff != "" || line.Pod == nil {
		return diff
	}
	pod, err := makejob.Pod(pj, "1700000000000000000", decorate.Options{}) // without what plank adds to Prow's
	if err != nil {
		return err.Error()
	}
	return printedDiff(t, line.Pod, pod)
}

// printedDiff compares what is printed of an object with a golden.
func printedDiff(t *testing.T, golden json.RawMessage, object any) string {
	t.Helper()
	var want map[string]any
	if err := json.Unmarshal(golden, &want); err != nil {
		t.Fatal(err)
	}
	text, err := makejob.YAML(object)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := yaml.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if metadata := want["metadata"].(map[string]any); metadata["creationTimestamp"] == nil {
		delete(metadata, "creationTimestamp")
	}
	if status, ok := want["status"].(map[string]any); ok && len(status) == 0 {
		delete(want, "status")
	}
	if want["kind"] == nil { // a pod's, which kubectl needs and the goldens lack
		want["kind"], want["apiVersion"] = "Pod", "v1"
	}
	if reflect.DeepEqual(want, got) { // much faster than cmp
		return ""
	}
	return cmp.Diff(want, got)
}
