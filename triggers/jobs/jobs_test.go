// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	jobconfig "github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/triggers/jobs"
)

func TestName(t *testing.T) {
	name := jobs.Name("guid", "org/repo", "presubmit", "unit")
	if name != jobs.Name("guid", "org/repo", "presubmit", "unit") {
		t.Error("the same parts give another name")
	}
	if len(name) != 36 || name[14] != '5' {
		t.Errorf("%s is no UUID of version 5", name)
	}
	if name == jobs.Name("guid", "org/repo", "presubmit", "lint") || jobs.Name("a", "bc") == jobs.Name("ab", "c") {
		t.Error("other parts give the same name")
	}
}

func TestLabels(t *testing.T) {
	long := strings.Repeat("x", 62) + "-y"
	pj := jobs.FromPostsubmit(jobconfig.Postsubmit{
		JobBase:  jobconfig.JobBase{Name: long, Labels: map[string]string{"path": "a/b/c", "odd": "a b", "event-GUID": "job's"}, Annotations: map[string]string{"a": "job's"}},
		Reporter: jobconfig.Reporter{Context: "ci/" + long},
	}, prowv1.Refs{Org: "https://host", Repo: "a/b", BaseRef: "feature/x"}, jobs.Options{
		EventGUID: "guid", Labels: map[string]string{"path": "mine"}, Annotations: map[string]string{"b": "mine"},
	})
	want := map[string]string{
		"created-by-prow": "true", "prow.k8s.io/type": "postsubmit", "event-GUID": "guid", "path": "mine",
		"prow.k8s.io/job":      strings.Repeat("x", 62),
		"prow.k8s.io/refs.org": "host", "prow.k8s.io/refs.repo": "b", "prow.k8s.io/refs.base_ref": "x",
		"prow.k8s.io/context": strings.Repeat("x", 60),
	}
	if diff := cmp.Diff(want, pj.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	wantAnnotations := map[string]string{"prow.k8s.io/job": long, "prow.k8s.io/context": "ci/" + long, "a": "job's", "b": "mine"}
	if diff := cmp.Diff(wantAnnotations, pj.Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
}

func TestReportToSlack(t *testing.T) {
	no := false
	for _, c := range []struct {
		name  string
		slack prowv1.SlackReporterConfig
		want  bool
	}{
		{"unset", prowv1.SlackReporterConfig{}, true},
		{"some states", prowv1.SlackReporterConfig{JobStatesToReport: []prowv1.ProwJobState{"failure"}}, true},
		{"no states", prowv1.SlackReporterConfig{JobStatesToReport: []prowv1.ProwJobState{}}, false},
		{"said", prowv1.SlackReporterConfig{Report: &no}, false},
	} {
		job := jobconfig.Periodic{JobBase: jobconfig.JobBase{ReporterConfig: &prowv1.ReporterConfig{Slack: &c.slack}}}
		given := c.slack.Report
		pj := jobs.FromPeriodic(job, jobs.Options{})
		if got := *pj.Spec.ReporterConfig.Slack.Report; got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
		if c.slack.Report != given {
			t.Errorf("%s: the job was changed", c.name)
		}
	}
}

func TestRefsAreCompletedByTheJob(t *testing.T) {
	yes := true
	job := jobconfig.Presubmit{JobBase: jobconfig.JobBase{Utility: jobconfig.Utility{
		PathAlias: "k8s.io/x", CloneURI: "https://x", SkipSubmodules: true, CloneDepth: 3, SkipFetchHead: true,
		ExtraRefs:        []prowv1.Refs{{Org: "a", Repo: "b"}},
		DecorationConfig: &prowv1.DecorationConfig{BloblessFetch: &yes, SparseCheckoutFiles: []string{"go.mod"}},
	}}}
	pj := jobs.FromPresubmit(job, prowv1.Refs{Org: "o", Repo: "r"}, jobs.Options{Scheduling: true})
	want := &prowv1.Refs{
		Org: "o", Repo: "r", PathAlias: "k8s.io/x", CloneURI: "https://x", SkipSubmodules: true, CloneDepth: 3, SkipFetchHead: true,
		BloblessFetch: &yes, SparseCheckoutFiles: []string{"go.mod"},
	}
	if diff := cmp.Diff(want, pj.Spec.Refs); diff != "" {
		t.Errorf("refs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]prowv1.Refs{{Org: "a", Repo: "b", BloblessFetch: &yes}}, pj.Spec.ExtraRefs); diff != "" {
		t.Errorf("extra refs (-want +got):\n%s", diff)
	}
	if pj.Status.State != prowv1.SchedulingState {
		t.Errorf("state %s", pj.Status.State)
	}
	if pj.Labels[prowv1.IsOptionalLabel] != "" {
		t.Error("a presubmit that no webhook starts has the label of hook")
	}
}

func TestContextsAreAskedOnlyForRetests(t *testing.T) {
	broken := func() (jobs.Contexts, error) { return jobs.Contexts{}, errors.New("no network") }
	if _, err := jobs.CommentFilter("/test all", true, broken); err != nil {
		t.Error(err)
	}
	if _, err := jobs.CommentFilter("/retest", true, broken); err == nil {
		t.Error("/retest does not report that it cannot know")
	}
}

func TestOkToTestIsHonouredOnlyWhereItIs(t *testing.T) {
	presubmits := []jobconfig.Presubmit{{JobBase: jobconfig.JobBase{Name: "a"}, AlwaysRun: true, Trigger: "^/never$"}}
	for honoured, want := range map[bool]int{true: 1, false: 0} {
		filter, err := jobs.CommentFilter("/ok-to-test", honoured, nil)
		if err != nil {
			t.Fatal(err)
		}
		selected, err := jobs.Select(presubmits, "main", nil, filter)
		if err != nil || len(selected) != want {
			t.Errorf("honoured %v: %d selected, %v", honoured, len(selected), err)
		}
	}
}

func TestMentionsCommand(t *testing.T) {
	for body, want := range map[string]bool{
		"/test all": true, "/retest": true, "/test ?": true, "/test x": true, "/ok-to-test": true, "/ok-to-test cancel": true, "/retest-required": true, "/test-manual-required": true,
		"LGTM": false, "/TEST all": false, " /test all": false, "/testing": false, "/hold": false,
	} {
		if got := jobs.MentionsCommand(body); got != want {
			t.Errorf("%q: got %v", body, got)
		}
	}
}
