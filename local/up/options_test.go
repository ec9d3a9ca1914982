// SPDX-License-Identifier: Apache-2.0

package up

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCheck wants one clear line for each thing that would make the start fail.
func TestCheck(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	used := listener.Addr().(*net.TCPAddr).Port
	programs, none := t.TempDir(), t.TempDir()
	for _, name := range append(utilities(), containerInit) {
		write(t, programs, name, "")
	}
	repo := t.TempDir()
	git(t, repo, "init", "--quiet")
	inside := filepath.Join(repo, "docs")
	if err := os.Mkdir(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	bare := t.TempDir()
	git(t, bare, "init", "--quiet", "--bare")
	for _, tc := range []struct {
		name string
		opts Options
		want []string
	}{
		{"the sample", Options{}, nil},
		{"a repository", Options{Repo: repo}, nil},
		{"a bare repository", Options{Repo: bare}, nil},
		{"a name without a repository", Options{Name: "a/b"}, []string{"--name is of the repository that --repo names, and there is none"}},
		{"no folder", Options{Repo: repo + "/none", Jobs: repo + "/jobs"}, []string{
			fmt.Sprintf("--repo: stat %s/none: no such file or directory", repo),
			fmt.Sprintf("--jobs: stat %s/jobs: no such file or directory", repo),
		}},
		{"no repository", Options{Repo: none}, []string{
			fmt.Sprintf("--repo: %s is not a git repository that can be read: ", none),
		}},
		{"a part of a repository", Options{Repo: inside}, []string{
			fmt.Sprintf("--repo: %s is a folder inside of a git repository; name the repository's own folder", inside),
		}},
		{"a port that is used", Options{DeckPort: used}, []string{
			fmt.Sprintf("port %d is in use; choose another with --port, or 0 for a free one", used),
		}},
		{"a port that is named twice", Options{ForgePort: used, HookPort: used}, []string{
			fmt.Sprintf("port %d is in use; choose another with --forge-port, or 0 for a free one", used),
			fmt.Sprintf("port %d is named by both --forge-port and --hook-port; choose another for one of them, or 0 for a free one", used),
		}},
		{"a port that does not exist", Options{APIPort: 65536}, []string{"--api-port: listen tcp: address 65536: invalid port"}},
		{"no programs", Options{Programs: none}, []string{
			fmt.Sprintf("these programs are not in %s: clonerefs, initupload, entrypoint, sidecar, container-init; run `make build`, or name their folder with --programs", none),
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.opts.Programs == "" {
				tc.opts.Programs = programs
			}
			var got []string
			if err := tc.opts.check(t.Context()); err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if !slices.EqualFunc(got, tc.want, strings.HasPrefix) { // what git says goes on as it likes
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestNameOf(t *testing.T) {
	for url, want := range map[string]string{
		"https://github.com/org/repo.git":   "org/repo",
		"https://github.com/org/repo":       "org/repo",
		"git@github.com:org/repo.git":       "org/repo",
		"ssh://git@github.com/org/repo.git": "org/repo",
		"https://example.com/org/repo":      "local/my-project",
		"":                                  "local/my-project",
	} {
		dir := filepath.Join(t.TempDir(), "my project")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		git(t, dir, "init", "--quiet")
		if url != "" {
			git(t, dir, "remote", "add", "origin", url)
		}
		if got := nameOf(t.Context(), dir); got != want {
			t.Errorf("remote %q: got %q, want %q", url, got, want)
		}
	}
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}
