// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

// prowYAML is a .prow.yaml with a presubmit and a postsubmit of an image.
func prowYAML(image string) string {
	const job = "- {name: %s, agent: kubernetes, spec: {containers: [{image: %s}]}}\n"
	return "presubmits:\n" + fmt.Sprintf(job, "unit", image) + "postsubmits:\n" + fmt.Sprintf(job, "publish", image)
}

// TestOwnFromGitHub takes jobs that a repository brings from a GitHub: of a pull
// request, as merged into its base, and of the default branch.
func TestOwnFromGitHub(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	forge := githubtest.Start(t, githubtest.Options{})
	repo := github.Repo{Org: "org", Name: "repo"}
	open := func(branch, file, text string) string {
		t.Helper()
		pull, err := forge.OpenPull(t.Context(), repo, githubtest.PullOptions{
			As: "ann", Title: "Change", Branch: branch, Commit: githubtest.Commit{Message: "Change", Files: map[string]string{file: text}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(pull.Number)
	}
	if err := forge.CreateRepo(t.Context(), repo, githubtest.RepoOptions{Files: map[string]string{".prow.yaml": prowYAML("before")}}); err != nil {
		t.Fatal(err)
	}
	changing, wrong, other := open("one", ".prow.yaml", prowYAML("after")), open("two", ".prow.yaml", "presubmits: 1\n"), open("three", "a", "b")
	configYAML := filepath.Join(t.TempDir(), "config.yaml")
	const text = "in_repo_config: {enabled: {org/repo: true}}\npresubmits:\n  org/repo:\n  - {name: static, spec: {containers: [{image: static}]}}\n"
	if err := os.WriteFile(configYAML, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	const reading = "note: reading the jobs that org/repo brings from GitHub\n"
	for _, tc := range []struct {
		name  string
		args  []string
		image string
		notes string
		err   string
	}{
		{"a pull request that changes the job", []string{"unit", "--pull-number", changing}, "after", reading, ""},
		{"one that does not", []string{"unit", "--pull-number", other}, "before", reading, ""},
		{"two together", []string{"unit", "--type", "batch", "--pull-number", other, "--pull-number", changing}, "after", reading, ""},
		{"the default branch", []string{"publish"}, "before", reading, ""},
		{"a static job, for which nothing is read", []string{"static", "--pull-number", wrong}, "static", "", ""},
		{"a mistake in the pull request", []string{"unit", "--pull-number", wrong}, "", reading, "reading the jobs of org/repo: .prow.yaml:1: presubmits: is the number 1, want a list"},
		{"no such job", []string{"units", "--pull-number", other}, "", reading, `no job of org/repo is called "units"; did you mean "unit"?`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out, notes bytes.Buffer
			root := New(&out, &notes)
			root.SetArgs(append([]string{"job", "--config", configYAML, "--repo", "org/repo", "--github-endpoint", forge.URL(), "--github-host", forge.URL()}, tc.args...))
			if err := root.ExecuteContext(t.Context()); messageOf(err) != tc.err {
				t.Errorf("got error %v, want %q", err, tc.err)
			}
			if diff := cmp.Diff(tc.notes, notes.String()); diff != "" {
				t.Errorf("the notes (-want +got):\n%s", diff)
			}
			var pj prowv1.ProwJob
			if err := yaml.Unmarshal(out.Bytes(), &pj); err != nil {
				t.Fatal(err)
			}
			if tc.image != "" && (pj.Spec.PodSpec == nil || pj.Spec.PodSpec.Containers[0].Image != tc.image) {
				t.Errorf("got the pod %v, want the image %s", pj.Spec.PodSpec, tc.image)
			}
		})
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "cutwater-git-*")); err != nil || len(left) > 0 {
		t.Errorf("%v, and these are left: %s", err, strings.Join(left, " "))
	}
}

func TestRepoOf(t *testing.T) {
	for remote, want := range map[string]string{
		"git@github.com:org/repo.git":             "org/repo",
		"https://github.com/org/repo":             "org/repo",
		"https://ann:x@ghe.example.com/o/r.git":   "o/r",
		"ssh://git@github.com:22/org/repo.js.git": "org/repo.js",
		"/srv/git/org/repo":                       "org/repo",
		"../repo":                                 "",
		"":                                        "",
	} {
		if got := repoOf(remote); got != want {
			t.Errorf("%q: got %q, want %q", remote, got, want)
		}
	}
}
