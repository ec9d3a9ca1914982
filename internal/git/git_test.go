// SPDX-License-Identifier: Apache-2.0

package git_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/git"
	"github.com/cutwater-ci/cutwater/internal/git/gittest"
)

func open(t *testing.T, url string, opts git.Options) *git.Repo {
	t.Helper()
	if opts.Dir == "" {
		opts.Dir = t.TempDir()
	}
	store, err := git.New(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	repo, err := store.Repo(url)
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

func read(t *testing.T, tree git.Tree, name string) string {
	t.Helper()
	content, err := tree.ReadFile(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestMerge(t *testing.T) {
	origin := gittest.NewRepo(t)
	origin.Commit(map[string]string{"a": "a\n", "b": "b\n", "dir/c": "c\n"})
	fork := origin.Git("rev-parse", "HEAD")
	base := origin.Commit(map[string]string{"a": "a on main\n"})
	origin.Branch("one", fork)
	one := origin.Commit(map[string]string{"b": "b of one\n"})
	origin.Branch("two", fork)
	two := origin.Commit(map[string]string{"dir/c": "c of two\n", "dir/d": "d of two\n"})
	origin.Branch("rival", fork)
	rival := origin.Commit(map[string]string{"a": "a of rival\n"})

	for transport, url := range map[string]string{"file": origin.URL(), "http": origin.Serve("")} {
		t.Run(transport, func(t *testing.T) {
			repo := open(t, url, git.Options{})
			tree, err := repo.Merge(t.Context(), base, one, two)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, name := range []string{"a", "b", "dir/c", "dir/d"} {
				got[name] = read(t, tree, name)
			}
			want := map[string]string{"a": "a on main\n", "b": "b of one\n", "dir/c": "c of two\n", "dir/d": "d of two\n"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("merged files (-want +got):\n%s", diff)
			}

			_, err = repo.Merge(t.Context(), base, one, rival)
			var conflict *git.ConflictError
			if !errors.As(err, &conflict) {
				t.Fatalf("merging a rival: got error %v, want a conflict", err)
			}
			if diff := cmp.Diff(&git.ConflictError{Head: rival, Files: []string{"a"}}, conflict); diff != "" {
				t.Errorf("conflict (-want +got):\n%s", diff)
			}

			alone, err := repo.Merge(t.Context(), base)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := alone.ID, origin.Git("rev-parse", base+"^{tree}"); got != want {
				t.Errorf("tree of the base: got %s, want %s", got, want)
			}
		})
	}
}

// A hostile pull conflicts in as many files as it likes.
func TestConflictErrorIsShort(t *testing.T) {
	err := &git.ConflictError{Head: "abc", Files: strings.Fields(strings.Repeat("file ", 1000))}
	if want := "merging abc: conflicts in " + strings.Repeat("file, ", 9) + "file and 990 more files"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestMergeIsTheSameEachTime(t *testing.T) {
	origin := gittest.NewRepo(t)
	base := origin.Commit(map[string]string{"a": "a\n"})
	origin.Branch("one", base)
	one := origin.Commit(map[string]string{"b": "b\n"})
	origin.Branch("two", base)
	two := origin.Commit(map[string]string{"c": "c\n"})
	var trees []string
	for range 2 {
		tree, err := open(t, origin.URL(), git.Options{}).Merge(t.Context(), base, one, two)
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, tree.ID)
	}
	if trees[0] != trees[1] {
		t.Errorf("two mirrors merged to %v", trees)
	}
}

func TestTree(t *testing.T) {
	origin := gittest.NewRepo(t)
	if err := os.Symlink("/etc/passwd", filepath.Join(origin.Dir, "link")); err != nil {
		t.Fatal(err)
	}
	base := origin.Commit(map[string]string{"--help": "hostile\n", "d/x.yaml": "x\n", "d/e/y.yaml": "y\n", "d/*": "star\n", "sp ace\n": "odd\n"})
	tree, err := open(t, origin.URL(), git.Options{}).Merge(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}

	entries, err := tree.Walk(t.Context(), "d", "absent")
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, entry := range entries {
		paths = append(paths, entry.Path)
	}
	if diff := cmp.Diff([]string{"d/*", "d/e/y.yaml", "d/x.yaml"}, paths); diff != "" {
		t.Errorf("files below d (-want +got):\n%s", diff)
	}
	contents, err := tree.ReadFiles(t.Context(), entries)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]byte{[]byte("star\n"), []byte("y\n"), []byte("x\n")}, contents); diff != "" {
		t.Errorf("contents (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"--help": "hostile\n", "sp ace\n": "odd\n"} {
		if got := read(t, tree, name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"absent", "d", "link"} {
		if _, err := tree.ReadFile(t.Context(), name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: got error %v, want fs.ErrNotExist", name, err)
		}
	}
	for _, name := range []string{"", ".", "../x", "/etc/passwd"} {
		if content, err := tree.ReadFile(t.Context(), name); err == nil {
			t.Errorf("%q: got %q, want an error", name, content)
		}
	}
}

func TestCredentials(t *testing.T) {
	const password = "s3cret-token"
	origin := gittest.NewRepo(t)
	base := origin.Commit(map[string]string{"a": "a\n", "b": "b\n"})
	url := origin.Serve(password)

	given := func(password string) git.Options {
		return git.Options{Credential: func(context.Context, string) (git.Credential, error) {
			return git.Credential{Username: "x-access-token", Password: password}, nil
		}}
	}
	tree, err := open(t, url, given(password)).Merge(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, tree, "a"); got != "a\n" {
		t.Errorf("got %q, want %q", got, "a\n")
	}
	_, err = open(t, url, given("wr0ng-token")).Merge(t.Context(), base)
	if err == nil || strings.Contains(err.Error(), "wr0ng-token") {
		t.Errorf("with a wrong password: got error %v, want one that does not show it", err)
	}
	if _, err := open(t, url, git.Options{}).Merge(t.Context(), base); err == nil {
		t.Error("with no password: got no error, and no prompt")
	}
}

func TestHostileInput(t *testing.T) {
	store, err := git.New(t.Context(), git.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{
		"", "--upload-pack=touch /tmp/x", "ext::sh -c touch% /tmp/x", "ssh://-oProxyCommand=x/y", "/etc",
		"https://user:pass@example.com/x", "file://host/x", "http://", "https://ex ample.com\n/x",
	} {
		if _, err := store.Repo(url); err == nil {
			t.Errorf("URL %q was taken", url)
		} else if strings.Contains(err.Error(), "pass@") {
			t.Errorf("error %q shows the password", err)
		}
	}
	origin := gittest.NewRepo(t)
	base := origin.Commit(map[string]string{"a": "a\n"})
	repo := open(t, origin.URL(), git.Options{})
	for _, sha := range []string{"", "main", "--output=x", base[:39], base + "^{tree}", strings.ToUpper(base[:1]) + base[1:39] + "Z"} {
		if _, err := repo.Merge(t.Context(), base, sha); err == nil {
			t.Errorf("commit %q was taken", sha)
		}
	}
}

func TestLimits(t *testing.T) {
	origin := gittest.NewRepo(t)
	base := origin.Commit(map[string]string{"big": strings.Repeat("x", 1<<16)})
	tree, err := open(t, origin.URL(), git.Options{MaxOutput: 1 << 12}).Merge(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	if content, err := tree.ReadFile(t.Context(), "big"); err == nil {
		t.Errorf("got %d bytes, want an error", len(content))
	}
	_, err = open(t, origin.URL(), git.Options{}).Merge(t.Context(), strings.Repeat("0", 39)+"1")
	if err == nil {
		t.Error("an unknown commit was found")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if _, err := open(t, origin.URL(), git.Options{}).Merge(ctx, base); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("out of time: got error %v, want context.DeadlineExceeded", err)
	}
}

// A mirror lets go of old commits and gets them again when they are asked for.
func TestTidy(t *testing.T) {
	origin := gittest.NewRepo(t)
	var commits []string
	for range 6 {
		commits = append(commits, origin.Commit(map[string]string{"n": strings.Repeat("n", len(commits)+1)}))
	}
	repo := open(t, origin.URL(), git.Options{MaxRefs: 3})
	for round := range 2 {
		for i, commit := range commits {
			tree, err := repo.Merge(t.Context(), commit)
			if err != nil {
				t.Fatalf("round %d, commit %d: %v", round, i, err)
			}
			if got, want := read(t, tree, "n"), strings.Repeat("n", i+1); got != want {
				t.Errorf("round %d, commit %d: got %q, want %q", round, i, got, want)
			}
		}
	}
}
