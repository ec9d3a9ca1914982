// SPDX-License-Identifier: Apache-2.0

package jobspec_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
)

func newJob(jobType prowv1.ProwJobType, refs *prowv1.Refs) *prowv1.ProwJob {
	pj := &prowv1.ProwJob{}
	pj.Name, pj.Status.BuildID = "id", "17"
	pj.Spec.Type, pj.Spec.Job, pj.Spec.Agent, pj.Spec.Refs = jobType, "unit", prowv1.KubernetesAgent, refs
	return pj
}

// What a container finds in its environment, beside JOB_SPEC.
func TestEnv(t *testing.T) {
	always := map[string]string{"CI": "true", "JOB_NAME": "unit", "BUILD_ID": "17", "BUILD_NUMBER": "17", "PROW_JOB_ID": "id"}
	base := map[string]string{"REPO_OWNER": "org", "REPO_NAME": "repo", "PULL_BASE_REF": "main", "PULL_BASE_SHA": "abc"}
	refs := func(change func(r *prowv1.Refs)) *prowv1.Refs {
		r := &prowv1.Refs{Org: "org", Repo: "repo", BaseRef: "main", BaseSHA: "abc"}
		change(r)
		return r
	}
	for _, test := range []struct {
		name string
		job  *prowv1.ProwJob
		want []map[string]string
	}{
		{
			name: "periodic", job: newJob(prowv1.PeriodicJob, nil),
			want: []map[string]string{always, {"JOB_TYPE": "periodic"}},
		},
		{
			name: "postsubmit", job: newJob(prowv1.PostsubmitJob, refs(func(r *prowv1.Refs) { r.RepoLink = "https://forge.test/org/repo" })),
			want: []map[string]string{always, base, {"JOB_TYPE": "postsubmit", "PULL_REFS": "main:abc", "SRC_HOST": "forge.test", "SRC_BASE": "org/repo"}},
		},
		{
			name: "presubmit", job: newJob(prowv1.PresubmitJob, refs(func(r *prowv1.Refs) {
				r.Pulls = []prowv1.Pull{{Number: 5, SHA: "def", HeadRef: "topic", Title: "A title"}}
			})),
			want: []map[string]string{always, base, {
				"JOB_TYPE": "presubmit", "PULL_REFS": "main:abc,5:def", "SRC_HOST": "github.com", "SRC_BASE": "org/repo",
				"PULL_NUMBER": "5", "PULL_PULL_SHA": "def", "PULL_HEAD_REF": "topic", "PULL_TITLE": "A title",
			}},
		},
		{
			name: "batch", job: newJob(prowv1.BatchJob, refs(func(r *prowv1.Refs) {
				r.PathAlias, r.Pulls = "k8s.io/kubernetes", []prowv1.Pull{{Number: 5, SHA: "def"}, {Number: 6, SHA: "fed", Ref: "refs/x"}}
			})),
			want: []map[string]string{always, base, {"JOB_TYPE": "batch", "PULL_REFS": "main:abc,5:def,6:fed:refs/x", "SRC_HOST": "k8s.io", "SRC_BASE": "kubernetes"}},
		},
		{
			name: "alias without slash", job: newJob(prowv1.BatchJob, refs(func(r *prowv1.Refs) { r.PathAlias = "alias" })),
			want: []map[string]string{always, base, {"JOB_TYPE": "batch", "PULL_REFS": "main:abc", "SRC_HOST": "alias", "SRC_BASE": "org/repo"}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := jobspec.Of(test.job)
			env, err := spec.Env()
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{jobspec.EnvName: env[jobspec.EnvName]}
			for _, part := range test.want {
				maps.Copy(want, part)
			}
			if diff := cmp.Diff(want, env); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
			if names := jobspec.Names(test.job.Spec.Type); !containsAll(names, slices.Collect(maps.Keys(env))) {
				t.Errorf("names are %v, which lack some of %v", names, slices.Sorted(maps.Keys(env)))
			}
			// The spec comes back whole from its variable.
			again, err := jobspec.FromEnv(envconfig.MapLookuper(env).Lookup)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(spec.Refs, again.Refs); diff != "" || again.BuildID != "17" || again.ProwJobID != "id" {
				t.Errorf("read again it is %+v; refs (-want +got):\n%s", again, diff)
			}
		})
	}
}

func containsAll(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

func TestFromEnvRefuses(t *testing.T) {
	for text, want := range map[string]string{"": "not set", "{": "reading JOB_SPEC"} {
		_, err := jobspec.FromEnv(func(string) (string, bool) { return text, text != "" })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("with %q the error is %v, want …%s…", text, err, want)
		}
	}
}

// The code under test is the refs, else the first extra refs that are not auxiliary.
func TestRevision(t *testing.T) {
	pull := prowv1.Refs{BaseRef: "main", BaseSHA: "abc", Pulls: []prowv1.Pull{{SHA: "def"}, {SHA: "fed"}}}
	branch := prowv1.Refs{BaseRef: "main"}
	for want, spec := range map[string]jobspec.Spec{
		"def":  {Refs: &pull, ExtraRefs: []prowv1.Refs{branch}},
		"main": {ExtraRefs: []prowv1.Refs{{BaseRef: "aux", Auxiliary: true}, branch, pull}},
		"abc":  {Refs: &prowv1.Refs{BaseRef: "main", BaseSHA: "abc"}},
		"":     {ExtraRefs: []prowv1.Refs{{BaseRef: "aux", Auxiliary: true}}},
	} {
		if got := jobspec.Revision(spec.MainRefs()); got != want {
			t.Errorf("revision is %q, want %q", got, want)
		}
	}
}
