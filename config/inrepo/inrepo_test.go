// SPDX-License-Identifier: Apache-2.0

package inrepo_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/inrepo"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/internal/git"
	"github.com/cutwater-ci/cutwater/internal/git/gittest"
	"github.com/cutwater-ci/cutwater/internal/github"
)

var repo = github.Repo{Org: "org", Name: "repo"}

// web is a forge that wants a token.
type web struct{ url, token string }

func (w web) WebURL() string { return w.url }

func (w web) Token(_ context.Context, org string) (string, error) {
	if org != "org" {
		return "", errors.New("asked for another org: " + org)
	}
	return w.token, nil
}

func open(t *testing.T, origin *gittest.Repo) *inrepo.Getter {
	t.Helper()
	forge := web{strings.TrimSuffix(origin.Serve("t0ken"), "/org/repo.git"), "t0ken"}
	getter, err := inrepo.New(t.Context(), forge, inrepo.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return getter
}

// names are the jobs of a file, presubmits first.
func names(file *jobs.InRepoFile) []string {
	names := []string{}
	for _, job := range file.Presubmits {
		names = append(names, job.Name)
	}
	for _, job := range file.Postsubmits {
		names = append(names, job.Name+" (postsubmit)")
	}
	for _, preset := range file.Presets {
		for label := range preset.Labels {
			names = append(names, label+" (preset)")
		}
	}
	return names
}

// called is what files of a folder are called.
func called(name string) string { return "HEAD:" + name }

func presubmit(name string) string { return "presubmits:\n- name: " + name + "\n" }

func TestJobs(t *testing.T) {
	for _, tc := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"nothing", map[string]string{"README.md": "hi\n"}, []string{}},
		{"a file", map[string]string{
			".prow.yaml": presubmit("unit") + "postsubmits:\n- name: publish\npresets:\n- labels: {gold: \"true\"}\nprow_ignored:\n  x: [&a {}]\nnew_field: 1\n",
		}, []string{"unit", "publish (postsubmit)", "gold (preset)"}},
		{"the folder wins over the file", map[string]string{
			".prow.yaml": presubmit("file"), ".prow/a.yaml": presubmit("folder"),
		}, []string{"folder"}},
		{"a folder without jobs wins too", map[string]string{".prow.yaml": presubmit("file"), ".prow/README": "none\n"}, []string{}},
		{"folders are walked in order", map[string]string{
			".prow/b.yaml": presubmit("b"), ".prow/a.yml": presubmit("a"), ".prow/a/z.yaml": presubmit("a-z"), ".prow/x.json": "{", ".prow/yaml": "{",
		}, []string{"a-z", "a", "b"}},
		{"ignored files", map[string]string{
			".prowignore": "/.prow/a.yaml\nb.yaml\n", ".prow/.prowignore": "/c.yaml\n", ".prow/deep/.prowignore": "!b.yaml\n",
			".prow/a.yaml": "{", ".prow/b.yaml": "{", ".prow/c.yaml": "{", ".prow/deep/b.yaml": presubmit("deep-b"), ".prow/deep/c.yaml": presubmit("deep-c"),
		}, []string{"deep-b", "deep-c"}},
		{".prow may be a file", map[string]string{".prow": "no folder\n", ".prow.yaml": presubmit("file")}, []string{"file"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			origin := gittest.NewRepo(t)
			base := origin.Commit(tc.files)
			file, err := open(t, origin).Jobs(t.Context(), repo, base)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, names(file)); diff != "" {
				t.Errorf("jobs (-want +got):\n%s", diff)
			}
			folder, err := inrepo.ReadFolder(t.Context(), origin.Dir, called)
			if err != nil || len(folder.Errors) > 0 {
				t.Fatalf("the folder: %v, %v", err, folder.Errors)
			}
			if diff := cmp.Diff(tc.want, names(folder.Jobs)); diff != "" {
				t.Errorf("jobs of the folder (-want +got):\n%s", diff)
			}
			if empty := tc.name == "nothing"; folder.Empty != empty {
				t.Errorf("the folder is empty: %v, want %v", folder.Empty, empty)
			}
		})
	}
}

func TestMerged(t *testing.T) {
	origin := gittest.NewRepo(t)
	fork := origin.Commit(map[string]string{".prow/a.yaml": presubmit("a"), ".prow/b.yaml": presubmit("b"), "code": "1\n"})
	base := origin.Commit(map[string]string{".prow/a.yaml": presubmit("a-of-main")})
	origin.Branch("one", fork)
	one := origin.Commit(map[string]string{".prow/b.yaml": presubmit("b-of-one")})
	origin.Branch("two", fork)
	two := origin.Commit(map[string]string{".prow/c.yaml": presubmit("c-of-two")})
	origin.Branch("rival", fork)
	rival := origin.Commit(map[string]string{".prow/a.yaml": presubmit("a-of-rival")})
	origin.Branch("broken", fork)
	broken := origin.Commit(map[string]string{".prow/b.yaml": "presubmits: {\n", ".prow/d.yaml": "presubmits: 7\n"})
	origin.Branch("code", fork)
	code := origin.Commit(map[string]string{"code": "2\n"})

	getter := open(t, origin)
	file, err := getter.Jobs(t.Context(), repo, base, one, two)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a-of-main", "b-of-one", "c-of-two"}, names(file)); diff != "" {
		t.Errorf("jobs of the merge (-want +got):\n%s", diff)
	}

	_, err = getter.Jobs(t.Context(), repo, base, rival)
	var conflict *git.ConflictError
	if !errors.As(err, &conflict) || !inrepo.IsMistake(err) || conflict.Head != rival || !cmp.Equal(conflict.Files, []string{".prow/a.yaml"}) {
		t.Errorf("of a rival: got error %v, want a conflict of %s in .prow/a.yaml", err, rival)
	}
	_, err = getter.Jobs(t.Context(), repo, base, broken)
	if !inrepo.IsMistake(err) || !strings.Contains(err.Error(), ".prow/b.yaml:") || !strings.Contains(err.Error(), ".prow/d.yaml:1: presubmits: ") {
		t.Errorf("of broken files: got error %v, want a mistake in both", err)
	}
	_, err = getter.Jobs(t.Context(), repo, base, strings.Repeat("1", 40))
	if err == nil || inrepo.IsMistake(err) {
		t.Errorf("of a commit that is not there: got error %v, want one that may pass", err)
	}

	plain, err := getter.Jobs(t.Context(), repo, base)
	if err != nil {
		t.Fatal(err)
	}
	same, err := getter.Jobs(t.Context(), repo, base, code)
	if err != nil {
		t.Fatal(err)
	}
	if plain != same {
		t.Error("a pull that does not touch the jobs was parsed anew")
	}
}

// What no honest repository has is refused, at once and for good.
func TestTooMuch(t *testing.T) {
	deep := strings.Repeat("folder/", 40)
	long := map[string]string{".prowignore": strings.Repeat("x*y\n", 8<<10)}
	for i := range 50 {
		long[fmt.Sprintf(".prow/%s%d.yaml", deep, i)] = presubmit("unit")
	}
	large := "# " + strings.Repeat("x", 1<<20-10)
	for name, files := range map[string]map[string]string{
		"a large file":              {".prow.yaml": "# " + strings.Repeat("x", 1<<20)},
		"many jobs":                 {".prow/a.yaml": "presubmits: [" + strings.Repeat("{},", 1500) + "]", ".prow/b.yaml": "postsubmits: [" + strings.Repeat("{},", 1500) + "]"},
		"large rules":               {".prowignore": strings.Repeat("a\n", 40<<10), ".prow/a.yaml": presubmit("unit")},
		"rules for too many files":  long,
		"more than git may tell us": {".prow/a.yaml": strings.Repeat("# long\n", 3<<20), ".prow/b.yaml": strings.Repeat("# more\n", 3<<20)},
		"many large files":          {".prow/a.yaml": large, ".prow/b.yaml": large, ".prow/c.yaml": large, ".prow/d.yaml": large, ".prow/e.yaml": large},
	} {
		t.Run(name, func(t *testing.T) {
			origin := gittest.NewRepo(t)
			base := origin.Commit(files)
			if _, err := open(t, origin).Jobs(t.Context(), repo, base); !inrepo.IsMistake(err) {
				t.Errorf("got error %v, want a mistake", err)
			} else if len(err.Error()) > 300 {
				t.Errorf("the error has %d bytes: %.300s", len(err.Error()), err)
			}
			folder, err := inrepo.ReadFolder(t.Context(), origin.Dir, called)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(document.Problems(folder.Errors).Error()); n == 0 || n > 2000 || !strings.HasPrefix(folder.Errors[0].File, "HEAD:.prow") {
				t.Errorf("the folder: %.2000v", folder.Errors)
			}
		})
	}
}

// A folder is read by its own files alone: no link leads out of it, or further.
func TestFolderLinks(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		filepath.Join(outside, "out.yaml"):          presubmit("outside"),
		filepath.Join(dir, ".prow", "in.yaml"):      presubmit("inside"),
		filepath.Join(dir, ".prow.yaml"):            presubmit("file"),
		filepath.Join(dir, "elsewhere", "too.yaml"): presubmit("elsewhere"),
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func() []string {
		t.Helper()
		folder, err := inrepo.ReadFolder(t.Context(), dir, called)
		if err != nil || len(folder.Errors) > 0 {
			t.Fatalf("%v, %v", err, folder.Errors)
		}
		return names(folder.Jobs)
	}
	link := func(to, from string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	link(filepath.Join(outside, "out.yaml"), ".prow/out.yaml")
	link(outside, ".prow/folder")
	link("in.yaml", ".prow/again.yaml")
	if diff := cmp.Diff([]string{"inside"}, read()); diff != "" {
		t.Errorf("files that are links (-want +got):\n%s", diff)
	}
	if err := os.RemoveAll(filepath.Join(dir, ".prow")); err != nil {
		t.Fatal(err)
	}
	link("elsewhere", ".prow")
	if diff := cmp.Diff([]string{"file"}, read()); diff != "" {
		t.Errorf("a folder that is a link (-want +got):\n%s", diff)
	}
	if _, err := inrepo.ReadFolder(t.Context(), filepath.Join(dir, "nowhere"), called); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: got %v", err)
	}
}

// Once read, the jobs of a merge are there without git, for everybody at once.
func TestRemembered(t *testing.T) {
	origin := gittest.NewRepo(t)
	base := origin.Commit(map[string]string{".prow.yaml": presubmit("unit")})
	getter := open(t, origin)
	files := make([]*jobs.InRepoFile, 8)
	var all sync.WaitGroup
	for i := range files {
		all.Go(func() { files[i], _ = getter.Jobs(t.Context(), repo, base) })
	}
	all.Wait()
	origin.Git("update-ref", "-d", "HEAD")
	origin.Git("gc", "--quiet", "--prune=now")
	again, err := getter.Jobs(t.Context(), repo, base)
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		if file != again {
			t.Errorf("caller %d got another file", i)
		}
	}
}
