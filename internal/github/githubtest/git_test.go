// SPDX-License-Identifier: Apache-2.0

package githubtest_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

var repo = github.Repo{Org: "org", Name: "repo"}

// start serves org/repo with two files; ann owns org.
func start(t *testing.T) *githubtest.Server {
	t.Helper()
	s := githubtest.Start(t, githubtest.Options{})
	files := map[string]string{"README.md": "one\ntwo\nthree\n", "run.sh": "#!/bin/sh\n"}
	if err := s.CreateRepo(t.Context(), repo, githubtest.RepoOptions{Files: files}); err != nil {
		t.Fatal(err)
	}
	s.AddOwner("org", "ann")
	return s
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func diff(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// git runs git in dir and returns what it prints.
func git(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=ann", "GIT_AUTHOR_EMAIL=ann@x.test", "GIT_COMMITTER_NAME=ann", "GIT_COMMITTER_EMAIL=ann@x.test")
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("git %v: %w: %s", args, err, out)
	}
	return strings.TrimSpace(string(out)), err
}

// TestMergeAfterPush merges while a push has moved the base, of which the server
// has not been told yet: nothing is lost.
func TestMergeAfterPush(t *testing.T) {
	dir := t.TempDir()
	s := githubtest.Start(t, githubtest.Options{Dir: dir})
	check(t, s.CreateRepo(t.Context(), repo, githubtest.RepoOptions{}))
	s.AddOwner("org", "ann")
	pull := must[github.Issue](t)(s.OpenPull(t.Context(), repo, githubtest.PullOptions{
		As: "ann", Title: "T", Commit: githubtest.Commit{Branch: "x", Files: map[string]string{"a": "1"}},
	}))
	bare := filepath.Join(dir, "org", "repo.git")
	pushed := must[string](t)(git(t, bare, "commit-tree", "-p", "main", "-m", "Pushed", "main^{tree}"))
	must[string](t)(git(t, bare, "update-ref", "refs/heads/main", pushed))
	if _, err := s.MergePull(t.Context(), "ann", pull, "merge"); err == nil || !strings.Contains(err.Error(), "405 Base branch was modified") {
		t.Errorf("merged over a push: %v", err)
	}
	diff(t, "main", must[string](t)(git(t, bare, "rev-parse", "main")), pushed)
}

// authorized returns the clone URL with a token of the login.
func authorized(s *githubtest.Server, login string) string {
	return strings.Replace(s.CloneURL(repo), "http://", "http://x:"+s.Token(login)+"@", 1)
}

func TestCloneAndPush(t *testing.T) {
	s := start(t)
	dir := t.TempDir()
	must[string](t)(git(t, dir, "clone", "--quiet", s.CloneURL(repo), "a"))
	a := filepath.Join(dir, "a")
	info := must[os.FileInfo](t)(os.Stat(filepath.Join(a, "run.sh")))
	if info.Mode()&0o100 == 0 {
		t.Error("run.sh is not executable")
	}
	check(t, os.WriteFile(filepath.Join(a, "new.txt"), []byte(strings.Repeat("x\n", 1<<21)), 0o600))
	must[string](t)(git(t, a, "add", "."))
	must[string](t)(git(t, a, "commit", "--quiet", "-m", "New"))
	sha := must[string](t)(git(t, a, "rev-parse", "HEAD"))

	if _, err := git(t, a, "push", "--quiet", "origin", "HEAD:main"); err == nil {
		t.Error("pushed without a token")
	}
	if _, err := git(t, a, "push", "--quiet", authorized(s, "stranger"), "HEAD:main"); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a stranger pushes: %v", err)
	}
	must[string](t)(git(t, a, "push", "--quiet", authorized(s, "ann"), "HEAD:main", "HEAD:topic"))
	diff(t, "heads", []string{s.Head(repo, "main"), s.Head(repo, "topic")}, []string{sha, sha})
	if _, err := git(t, a, "push", "--quiet", authorized(s, "ann"), "HEAD:refs/pull/1/head"); err == nil {
		t.Error("pushed to refs/pull")
	}
	must[string](t)(git(t, a, "push", "--quiet", authorized(s, "ann"), ":topic"))
	diff(t, "deleted branch", s.Head(repo, "topic"), "")

	// A clone without blobs, and any commit by its SHA.
	must[string](t)(git(t, dir, "clone", "--quiet", "--filter=blob:none", "--no-checkout", s.CloneURL(repo), "b"))
	must[string](t)(git(t, dir, "init", "--quiet", "c"))
	first := must[string](t)(git(t, a, "rev-parse", "HEAD~1"))
	must[string](t)(git(t, filepath.Join(dir, "c"), "fetch", "--quiet", "--depth=1", s.CloneURL(repo), first))
}

func TestPullRefs(t *testing.T) {
	s := start(t)
	ctx := t.Context()
	open := func(branch, readme string) github.Issue {
		t.Helper()
		return must[github.Issue](t)(s.OpenPull(ctx, repo, githubtest.PullOptions{
			As: "bob", Title: branch, Branch: branch, Commit: githubtest.Commit{Files: map[string]string{"README.md": readme}},
		}))
	}
	one, two := open("one", "ONE\ntwo\nthree\n"), open("two", "one\ntwo\nTHREE\n")
	conflicting := open("three", "1\ntwo\nthree\n")
	must[string](t)(s.MergePull(ctx, "ann", one, "merge"))

	mergeable := map[string]bool{}
	for _, name := range []github.Issue{two, conflicting} {
		mergeable[name.String()] = *must[*github.Pull](t)(s.Pull(ctx, name)).Mergeable
	}
	diff(t, "mergeable", mergeable, map[string]bool{"org/repo#2": true, "org/repo#3": false})

	dir := t.TempDir()
	must[string](t)(git(t, dir, "init", "--quiet"))
	must[string](t)(git(t, dir, "fetch", "--quiet", s.CloneURL(repo), "refs/pull/2/merge:merged", "refs/pull/3/head:head"))
	diff(t, "merged", must[string](t)(git(t, dir, "show", "merged:README.md")), "ONE\ntwo\nTHREE")
	diff(t, "parents", must[string](t)(git(t, dir, "rev-parse", "merged^1", "merged^2")),
		s.Head(repo, "main")+"\n"+must[*github.Pull](t)(s.Pull(ctx, two)).Head.SHA)
	if _, err := git(t, dir, "fetch", "--quiet", s.CloneURL(repo), "refs/pull/3/merge"); err == nil {
		t.Error("there is a merge of a pull that conflicts")
	}
	if _, err := s.MergePull(ctx, "ann", conflicting, "squash"); err == nil {
		t.Error("merged a pull that conflicts")
	}
	must[string](t)(s.MergePull(ctx, "ann", two, "rebase"))
	must[string](t)(git(t, dir, "fetch", "--quiet", s.CloneURL(repo), "main:main"))
	diff(t, "rebased", must[string](t)(git(t, dir, "log", "-1", "--format=%an %cn", "main")), "bob ann")
	diff(t, "parent", must[string](t)(git(t, dir, "rev-parse", "main^")), must[*github.Pull](t)(s.Pull(ctx, one)).MergeCommitSHA)
}

func TestRepositoryFromFolder(t *testing.T) {
	s := start(t)
	ctx := t.Context()
	dir := t.TempDir()
	check(t, os.MkdirAll(filepath.Join(dir, "sub"), 0o755))
	check(t, os.WriteFile(filepath.Join(dir, "sub", `odd "name".txt`), []byte("x"), 0o600))
	plain, cloned := github.Repo{Org: "org", Name: "plain"}, github.Repo{Org: "org", Name: "cloned"}
	check(t, s.CreateRepo(ctx, plain, githubtest.RepoOptions{Dir: dir}))

	must[string](t)(git(t, dir, "init", "--quiet", "--initial-branch=trunk"))
	must[string](t)(git(t, dir, "add", "."))
	must[string](t)(git(t, dir, "commit", "--quiet", "-m", "First"))
	must[string](t)(git(t, dir, "tag", "v1"))
	check(t, s.CreateRepo(ctx, cloned, githubtest.RepoOptions{Dir: dir}))
	diff(t, "trunk", s.Head(cloned, "trunk"), must[string](t)(git(t, dir, "rev-parse", "HEAD")))
	t.Chdir(dir)
	relative := github.Repo{Org: "org", Name: "relative"}
	check(t, s.CreateRepo(ctx, relative, githubtest.RepoOptions{Dir: "."}))
	diff(t, "trunk of a relative folder", s.Head(relative, "trunk"), s.Head(cloned, "trunk"))

	out := t.TempDir()
	for _, r := range []github.Repo{plain, cloned} {
		must[string](t)(git(t, out, "clone", "--quiet", s.CloneURL(r)))
		if data, err := os.ReadFile(filepath.Join(out, r.Name, "sub", `odd "name".txt`)); err != nil || string(data) != "x" {
			t.Errorf("%v: %q, %v", r, data, err)
		}
	}
	for _, bad := range []github.Repo{plain, {Org: "..", Name: "x"}, {Org: "org", Name: "../x"}, {Org: "org"}} {
		if err := s.CreateRepo(ctx, bad, githubtest.RepoOptions{}); err == nil {
			t.Errorf("made %v", bad)
		}
	}
}

func TestPrivateRepository(t *testing.T) {
	s := start(t)
	secret := github.Repo{Org: "org", Name: "secret"}
	check(t, s.CreateRepo(t.Context(), secret, githubtest.RepoOptions{Private: true, Files: map[string]string{"a": "b"}}))
	get := func(login, path string) int {
		t.Helper()
		req := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+path, nil))
		if login != "" {
			req.SetBasicAuth("x", s.Token(login))
		}
		resp := must[*http.Response](t)(http.DefaultClient.Do(req))
		check(t, resp.Body.Close())
		return resp.StatusCode
	}
	const api, refs = "/repos/org/secret", "/org/secret.git/info/refs?service=git-upload-pack"
	got := map[string]int{
		"ann, api": get("ann", api), "ann, git": get("ann", refs), "stranger, api": get("stranger", api),
		"stranger, git": get("stranger", refs), "nobody, api": get("", api), "nobody, git": get("", refs),
		"nobody, none": get("", "/org/none.git/info/refs?service=git-upload-pack"),
	}
	diff(t, "answers", got, map[string]int{
		"ann, api": 200, "ann, git": 200, "stranger, api": 404, "stranger, git": 404, "nobody, api": 404,
		"nobody, git": 401, "nobody, none": 401,
	})
}

// TestTokens lets nobody act as another by what can be known of them.
func TestTokens(t *testing.T) {
	a, b := start(t), start(t)
	if a.Token("ann") != a.Token("Ann") || a.Token("ann") == a.Token("bob") {
		t.Error("a login has not one token of its own")
	}
	if a.Token("ann") == b.Token("ann") {
		t.Errorf("another server gives the token %s, too", a.Token("ann"))
	}
}
