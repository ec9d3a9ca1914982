// SPDX-License-Identifier: Apache-2.0

// Package txtartest runs tests that are txtar archives: the files of a folder,
// and what is wanted of them in files whose names begin with "want".
//
// Started by tests. Changes: the archives, with -update. In Prow: nothing.
package txtartest

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// updateFlag is the flag that asks to rewrite what is wanted.
const updateFlag = "update"

var _ = flag.Bool(updateFlag, false, "rewrite what is wanted in testdata")

// Update reports whether what is wanted shall be rewritten.
func Update() bool { return flag.Lookup(updateFlag).Value.String() == "true" }

// Run runs a test for each archive that the pattern matches. In a folder with
// the archive's files, which is the working folder, got returns what there is of
// what is wanted; comment is what the archive says before its files.
func Run(t *testing.T, pattern string, got func(t *testing.T, comment string) map[string]string) {
	t.Helper()
	for _, name := range Find(t, pattern) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir())
			Unpack(t, ".", archive)
			compare(t, archive, got(t, string(archive.Comment)))
			if Update() {
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// Find returns the archives that the pattern matches, of which there must be some.
func Find(tb testing.TB, pattern string) []string {
	tb.Helper()
	pattern, err := filepath.Abs(pattern)
	if err != nil {
		tb.Fatal(err)
	}
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		tb.Fatalf("no archives %s: %v", pattern, err)
	}
	return names
}

// Unpack writes the files of an archive below a folder, but for what is wanted.
func Unpack(tb testing.TB, dir string, archive *txtar.Archive) {
	tb.Helper()
	for _, f := range archive.Files {
		if isWanted(f) {
			continue
		}
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			tb.Fatal(err)
		}
	}
}

func isWanted(f txtar.File) bool { return strings.HasPrefix(f.Name, "want") }

// compare compares what is wanted with what there is; with -update the archive gets the latter.
func compare(t *testing.T, archive *txtar.Archive, got map[string]string) {
	t.Helper()
	left := maps.Clone(got)
	for i := range archive.Files {
		f := &archive.Files[i]
		if !isWanted(*f) {
			continue
		}
		text, ok := left[f.Name]
		if !ok {
			t.Errorf("nothing is %s", f.Name)
			continue
		}
		delete(left, f.Name)
		if Update() {
			f.Data = []byte(text)
		}
		if diff := cmp.Diff(string(f.Data), text); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f.Name, diff)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		if !Update() {
			t.Errorf("the archive does not say %s", name)
		}
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(left[name])})
	}
}
