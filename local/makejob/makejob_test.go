// SPDX-License-Identifier: Apache-2.0

package makejob_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/local/makejob"
	triggers "github.com/cutwater-ci/cutwater/triggers/jobs"
)

const configYAML = `presubmits:
  org/repo:
  - {name: unit, spec: &spec {containers: [{image: golang}]}}
  - {name: lint, branches: [main], spec: *spec}
  - {name: lint, branches: [old], spec: *spec}
  - {name: both, branches: [main, x], spec: *spec}
  - {name: both, branches: ['m.*', 'y'], context: both2, spec: *spec}
  https://gerrit.example.com/deep/repo:
  - {name: change, spec: *spec}
  org/other:
  - {name: many, spec: *spec}
postsubmits:
  org/repo:
  - {name: publish, spec: *spec}
  - {name: many, spec: *spec}
periodics:
- {name: nightly, interval: 1h, spec: *spec}
`

func load(t *testing.T) *config.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(configYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(t.Context(), config.Files{Config: file})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFind(t *testing.T) {
	c := load(t)
	for _, tc := range []struct {
		query  makejob.Query
		branch string
		// want is the job and where it is, or the error, in which @ is config.yaml.
		want string
	}{
		{makejob.Query{Name: "unit"}, "", "presubmit of org/repo @:3"},
		{makejob.Query{Name: "unit"}, "other", "presubmit of org/repo @:3"},
		{makejob.Query{Name: "unit", Type: prowv1.BatchJob}, "", "presubmit of org/repo @:3"},
		{makejob.Query{Name: "nightly"}, "", "periodic @:17"},
		{makejob.Query{Name: "lint"}, "main", "presubmit of org/repo @:4"},
		{makejob.Query{Name: "lint"}, "old", "presubmit of org/repo @:5"},
		{makejob.Query{Name: "many", Type: prowv1.PostsubmitJob}, "", "postsubmit of org/repo @:15"},
		{makejob.Query{Name: "many", Repo: "org/other"}, "", "presubmit of org/other @:11"},

		{makejob.Query{}, "", "which job? give its name"},
		{makejob.Query{Name: "unit", Type: "cron"}, "", `--type "cron": want presubmit, postsubmit, periodic or batch`},
		{makejob.Query{Name: "units"}, "", `no job is called "units"; did you mean "unit"?`},
		{makejob.Query{Name: "something"}, "", `no job is called "something"`},
		{makejob.Query{Name: "unit", Type: prowv1.PeriodicJob}, "", `no periodic is called "unit"; there is a presubmit of org/repo`},
		{makejob.Query{Name: "many", Repo: "org/x"}, "", `no job of org/x is called "many"; there is a presubmit of org/other, a postsubmit of org/repo`},
		{makejob.Query{Name: "many"}, "", "2 jobs are called \"many\"; say which with --repo or --type:\n  presubmit of org/other (@:11)\n  postsubmit of org/repo (@:15)"},
		{makejob.Query{Name: "lint"}, "new", "2 jobs are called \"lint\"; none runs on the branch \"new\"; give another --base-ref:\n  presubmit of org/repo (@:4)\n  presubmit of org/repo (@:5)"},
		{makejob.Query{Name: "lint"}, "", "2 jobs are called \"lint\"; say which with --base-ref:\n  presubmit of org/repo (@:4)\n  presubmit of org/repo (@:5)"},
		{makejob.Query{Name: "both"}, "main", "2 jobs are called \"both\"; all run on the branch \"main\"; give another --base-ref:\n  presubmit of org/repo (@:6)\n  presubmit of org/repo (@:7)"},
		{makejob.Query{Name: "both"}, "y", "presubmit of org/repo @:7"},
	} {
		got := ""
		found, err := makejob.Find(c.Jobs, tc.query)
		if err == nil {
			var job jobs.Any
			if job, err = makejob.Choose(found, tc.branch); err == nil {
				got = job.Of() + " " + job.Base().Source.String()
			}
		}
		if err != nil {
			got = err.Error()
		}
		file := c.Presubmits("org/repo")[0].Source.File
		if diff := cmp.Diff(tc.want, strings.ReplaceAll(got, file, "@")); diff != "" {
			t.Errorf("%+v on %q (-want +got):\n%s", tc.query, tc.branch, diff)
		}
	}
}

// What is missing is named by its flags, all at once.
func TestMissing(t *testing.T) {
	const live = ", or --pull-number and a --github flag such as --github-token-path, to have the rest from GitHub"
	c := load(t)
	for _, tc := range []struct {
		job  string
		code makejob.Code
		want string
	}{
		{"unit", makejob.Code{}, `presubmit of org/repo "unit": give --base-ref, --base-sha, --pull-number, --pull-sha and --pull-author` + live},
		{"unit", makejob.Code{BaseRef: "main", BaseSHA: "b", Pulls: []makejob.Pull{{Number: 1, SHA: "a"}}}, `presubmit of org/repo "unit": give --pull-author` + live},
		{"unit", makejob.Code{BaseRef: "main", BaseSHA: "b", Pulls: []makejob.Pull{{1, "a", "", "ann", ""}, {2, "b", "", "bob", ""}}}, "a presubmit runs on one pull request; for several at once, use --type batch"},
		{"change", makejob.Code{BaseRef: "main", BaseSHA: "b", Pulls: []makejob.Pull{{Number: 1, SHA: "a"}}}, `presubmit of https://gerrit.example.com/deep/repo "change": give --pull-author`},
		{"publish", makejob.Code{BaseRef: "main"}, `postsubmit of org/repo "publish": give --base-sha, or a --github flag such as --github-token-path, to have the rest from GitHub`},
		{"publish", makejob.Code{BaseRef: "main", BaseSHA: "b", Pulls: []makejob.Pull{{Number: 1}}}, `"publish" is a postsubmit, which runs on no pull request: leave out the --pull flags`},
		{"nightly", makejob.Code{Pulls: []makejob.Pull{{Number: 1}}}, `"nightly" is a periodic, which runs on no pull request: leave out the --pull flags`},
		{"nightly", makejob.Code{}, "<nil>"},
	} {
		found, err := makejob.Find(c.Jobs, makejob.Query{Name: tc.job})
		if err != nil {
			t.Fatal(err)
		}
		_, err = makejob.ProwJob(found[0], tc.code, false, "https://github.com", triggers.Options{})
		got := "<nil>"
		if err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.job, diff)
		}
	}
}

// TestComplete asks a GitHub with one pull request.
func TestComplete(t *testing.T) {
	forge := githubtest.Start(t, githubtest.Options{})
	repo := github.Repo{Org: "org", Name: "repo"}
	if err := forge.CreateRepo(t.Context(), repo, githubtest.RepoOptions{Files: map[string]string{"a": "1"}}); err != nil {
		t.Fatal(err)
	}
	pull, err := forge.OpenPull(t.Context(), repo, githubtest.PullOptions{
		As: "ann", Title: "Greet louder", Branch: "louder", Commit: githubtest.Commit{Message: "Louder", Files: map[string]string{"a": "2"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	gh, err := github.New(t.Context(), github.Options{Endpoint: forge.URL(), Host: forge.URL(), Retry: github.Retry{NotFound: -1}})
	if err != nil {
		t.Fatal(err)
	}
	live, err := gh.Pull(t.Context(), pull)
	if err != nil {
		t.Fatal(err)
	}
	tip, err := gh.Ref(t.Context(), repo, "heads/main")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, repo string
		code       makejob.Code
		want       makejob.Code
		wantErr    string
	}{
		{
			name: "a pull request", repo: "org/repo", code: makejob.Code{Pulls: []makejob.Pull{{Number: pull.Number}}},
			want: makejob.Code{BaseRef: "main", BaseSHA: tip, Pulls: []makejob.Pull{{pull.Number, live.Head.SHA, "louder", "ann", "Greet louder"}}},
		},
		{
			name: "what is given stays", repo: "org/repo", code: makejob.Code{BaseSHA: "base", Pulls: []makejob.Pull{{Number: pull.Number, SHA: "head", Title: "Other"}}},
			want: makejob.Code{BaseRef: "main", BaseSHA: "base", Pulls: []makejob.Pull{{pull.Number, "head", "louder", "ann", "Other"}}},
		},
		{name: "a push", repo: "org/repo", want: makejob.Code{BaseRef: "main", BaseSHA: tip}},
		{name: "a periodic", repo: ""},
		{name: "another base", repo: "org/repo", code: makejob.Code{BaseRef: "old", Pulls: []makejob.Pull{{Number: pull.Number}}}, wantErr: "org/repo#1 is into main, not into old"},
		{name: "no such pull request", repo: "org/repo", code: makejob.Code{Pulls: []makejob.Pull{{Number: 7}}}, wantErr: "org/repo#7"},
		{name: "Gerrit", repo: "https://gerrit.example.com/repo", wantErr: "https://gerrit.example.com/repo is not on GitHub: leave out the --github flags, and give all values"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code := tc.code
			err := code.Complete(t.Context(), gh, tc.repo)
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Errorf("got error %v, want %q", err, tc.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, code); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
