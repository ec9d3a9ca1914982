// SPDX-License-Identifier: Apache-2.0

// Package gittest makes real git repositories for tests, and serves them over
// HTTP as a forge does.
package gittest

import (
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Repo is a repository in a temporary folder, with a work tree.
type Repo struct {
	// Dir is the folder of the work tree.
	Dir string
	tb  testing.TB
}

// NewRepo makes an empty repository whose branch is main. It can be fetched
// from by object, and in part.
func NewRepo(tb testing.TB) *Repo {
	tb.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		tb.Fatal("git is needed: ", err)
	}
	r := &Repo{Dir: tb.TempDir(), tb: tb}
	r.Git("init", "--quiet", "--initial-branch=main")
	r.Git("config", "uploadpack.allowFilter", "true")
	r.Git("config", "uploadpack.allowAnySHA1InWant", "true")
	return r
}

// Git runs a git command in the work tree and returns what it printed, without the last newline.
func (r *Repo) Git(args ...string) string {
	r.tb.Helper()
	cmd := exec.CommandContext(r.tb.Context(), "git", args...)
	cmd.Dir = r.Dir
	cmd.Env = append(
		os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=ann", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z",
		"GIT_COMMITTER_NAME=ann", "GIT_COMMITTER_EMAIL=ann@example.com", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z",
	)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.tb.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimRight(string(out), "\n")
}

// Commit writes the files, by path, and commits them on the present branch. A
// file whose content is empty is removed. It returns the commit's SHA.
func (r *Repo) Commit(files map[string]string) string {
	r.tb.Helper()
	for name, content := range files {
		path := filepath.Join(r.Dir, name)
		if content == "" {
			if err := os.Remove(path); err != nil {
				r.tb.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			r.tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			r.tb.Fatal(err)
		}
	}
	r.Git("add", "--all", "--force", ".")
	r.Git("commit", "--quiet", "--allow-empty", "--message=change")
	return r.Git("rev-parse", "HEAD")
}

// Branch starts a branch at a commit, or goes back to one that is there when from is empty.
func (r *Repo) Branch(name, from string) {
	r.tb.Helper()
	if from == "" {
		r.Git("checkout", "--quiet", name)
		return
	}
	r.Git("checkout", "--quiet", "-B", name, from)
}

// URL is the repository's file URL.
func (r *Repo) URL() string { return "file://" + r.Dir }

// Serve serves the repository over HTTP until the test ends and returns its
// URL. When password is not empty, it has to be given, with any user name.
func (r *Repo) Serve(password string) string {
	r.tb.Helper()
	backend := &cgi.Handler{
		Path: filepath.Join(r.Git("--exec-path"), "git-http-backend"),
		Dir:  r.Dir,
		Env:  []string{"GIT_PROJECT_ROOT=" + filepath.Join(r.Dir, ".git"), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1"},
		// git says what version of the protocol it speaks in a header.
		InheritEnv: []string{"PATH"},
		Root:       "/org/repo.git",
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if _, given, _ := req.BasicAuth(); password != "" && given != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		withProtocol := *backend
		withProtocol.Env = append([]string{"GIT_PROTOCOL=" + req.Header.Get("Git-Protocol")}, backend.Env...)
		withProtocol.ServeHTTP(w, req)
	}))
	r.tb.Cleanup(server.Close)
	return server.URL + "/org/repo.git"
}
