// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/layout"
)

func TestRepoSegment(t *testing.T) {
	for _, test := range []struct {
		strategy        prowv1.PathStrategy
		org, repo, want string
	}{
		{prowv1.PathStrategyExplicit, "def", "ault", "def_ault"},
		{prowv1.PathStrategySingle, "def", "ault", ""},
		{prowv1.PathStrategySingle, "def", "other", "def_other"},
		{prowv1.PathStrategyLegacy, "def", "ault", ""},
		{prowv1.PathStrategyLegacy, "def", "other", "other"},
		{prowv1.PathStrategyLegacy, "org", "ault", "org_ault"},
		{prowv1.PathStrategyExplicit, "https://gerrit", "a/b/c", "gerrit_a_b_c"},
		{prowv1.PathStrategyExplicit, "http://gerrit", "a", "gerrit_a"},
	} {
		config := &prowv1.GCSConfiguration{PathStrategy: test.strategy, DefaultOrg: "def", DefaultRepo: "ault"}
		if got := layout.RepoSegment(config, test.org, test.repo); got != test.want {
			t.Errorf("%s: segment of %s/%s is %q, want %q", test.strategy, test.org, test.repo, got, test.want)
		}
	}
}

func TestPlaces(t *testing.T) {
	config := &prowv1.GCSConfiguration{PathPrefix: "prefix", PathStrategy: prowv1.PathStrategyExplicit}
	refs := &prowv1.Refs{Org: "org", Repo: "repo", Pulls: []prowv1.Pull{{Number: 5}, {Number: 6}}}
	for _, test := range []struct {
		jobType    prowv1.ProwJobType
		dir, alias string
		latest     []string
	}{
		{
			prowv1.PresubmitJob, "prefix/pr-logs/pull/org_repo/5/unit/17", "pr-logs/directory/unit/17.txt",
			[]string{"pr-logs/directory/unit/latest-build.txt", "pr-logs/pull/org_repo/5/unit/latest-build.txt"},
		},
		{prowv1.BatchJob, "prefix/pr-logs/pull/batch/unit/17", "", []string{"pr-logs/directory/unit/latest-build.txt"}},
		{prowv1.PostsubmitJob, "prefix/logs/unit/17", "", []string{"logs/unit/latest-build.txt"}},
		{prowv1.PeriodicJob, "prefix/logs/unit/17", "", []string{"logs/unit/latest-build.txt"}},
	} {
		spec := &jobspec.Spec{Type: test.jobType, Job: "unit", BuildID: "17", Refs: refs}
		if got := layout.RunDir(config, spec); got != test.dir {
			t.Errorf("%s: folder is %s, want %s", test.jobType, got, test.dir)
		}
		if got := layout.Alias(spec); got != test.alias {
			t.Errorf("%s: alias is %q, want %q", test.jobType, got, test.alias)
		}
		if diff := cmp.Diff(test.latest, layout.LatestBuilds(config, spec)); diff != "" {
			t.Errorf("%s: latest builds (-want +got):\n%s", test.jobType, diff)
		}
	}
}

func TestJobURL(t *testing.T) {
	urls := layout.URLs{
		Prefixes: map[string]string{"*": "https://all/view/", "org": "https://org/view", "org/repo": "https://repo"},
		Template: template.Must(template.New("").Parse("https://template/{{.Spec.Job}}/{{.Status.BuildID}}")),
	}
	without := urls
	without.OmitProvider = true
	decorated := func(org, repo string, config *prowv1.GCSConfiguration) *prowv1.ProwJob {
		pj := &prowv1.ProwJob{Spec: prowv1.ProwJobSpec{Type: prowv1.PostsubmitJob, Job: "unit", Refs: &prowv1.Refs{Org: org, Repo: repo}}}
		pj.Status.BuildID = "17"
		if config != nil {
			pj.Spec.DecorationConfig = &prowv1.DecorationConfig{GCSConfiguration: config}
		}
		return pj
	}
	bare := &prowv1.GCSConfiguration{Bucket: "b"}
	for _, test := range []struct {
		name string
		pj   *prowv1.ProwJob
		urls layout.URLs
		want string
	}{
		{"repo", decorated("org", "repo", bare), urls, "https://repo/gs/b/logs/unit/17"},
		{"org", decorated("org", "other", bare), urls, "https://org/view/gs/b/logs/unit/17"},
		{"all", decorated("x", "y", bare), urls, "https://all/view/gs/b/logs/unit/17"},
		{"s3", decorated("x", "y", &prowv1.GCSConfiguration{Bucket: "s3://b"}), urls, "https://all/view/s3/b/logs/unit/17"},
		{"no provider", decorated("x", "y", bare), without, "https://all/view/b/logs/unit/17"},
		{"the job's own", decorated("x", "y", &prowv1.GCSConfiguration{Bucket: "b", JobURLPrefix: "https://own/"}), urls, "https://own/gs/b/logs/unit/17"},
		{"not decorated", decorated("x", "y", nil), urls, "https://template/unit/17"},
		{"nothing", decorated("x", "y", nil), layout.URLs{}, ""},
	} {
		got, err := layout.JobURL(test.pj, test.urls)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if got != test.want {
			t.Errorf("%s: URL is %s, want %s", test.name, got, test.want)
		}
	}
	broken := layout.URLs{Template: template.Must(template.New("").Parse("{{.No.Such}}"))}
	if _, err := layout.JobURL(decorated("x", "y", nil), broken); err == nil {
		t.Error("no error for a template that fails")
	}
}

func TestClonePath(t *testing.T) {
	for want, refs := range map[string]prowv1.Refs{
		"/go/src/github.com/org/repo": {Org: "org", Repo: "repo"},
		"/go/src/host/a/b":            {Org: "org", Repo: "repo", RepoLink: "https://host/a/b"},
		"/go/src/k8s.io/x":            {Org: "org", Repo: "repo", RepoLink: "https://host/a/b", PathAlias: "k8s.io/x"},
	} {
		if got := layout.ClonePath("/go", refs); got != want {
			t.Errorf("path of %+v is %s, want %s", refs, got, want)
		}
	}
}
