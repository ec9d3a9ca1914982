// SPDX-License-Identifier: Apache-2.0

package bare

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestMergedTreeByIndex compares the way of old git with that of new git.
func TestMergedTreeByIndex(t *testing.T) {
	ctx := t.Context()
	r, err := Init(ctx, filepath.Join(t.TempDir(), "x.git"), "main")
	if err != nil {
		t.Fatal(err)
	}
	commit := func(branch, parent string, files map[string]string, remove ...string) string {
		t.Helper()
		sha, err := r.Commit(ctx, Change{
			Ref: "refs/heads/" + branch, Parent: parent, Author: Person{"ann", "ann@x.test"}, Message: branch,
			At: time.Unix(1700000000, 0), Files: files, Remove: remove,
		})
		if err != nil {
			t.Fatal(err)
		}
		return sha
	}
	base := commit("main", "", map[string]string{"a": "1\n2\n3\n4\n5\n", "b": "b\n", "c": "c\n"})
	top := commit("top", base, map[string]string{"a": "one\n2\n3\n4\n5\n", "new": "n\n"}, "b")
	bottom := commit("bottom", base, map[string]string{"a": "1\n2\n3\n4\nfive\n", "sub/x": "x\n"}, "c")
	other := commit("other", base, map[string]string{"a": "eins\n2\n3\n4\n5\n"})

	for _, heads := range [][2]string{{top, bottom}, {base, top}, {top, other}} {
		want, wantErr := r.mergedTree(ctx, heads[0], heads[1])
		got, err := r.mergedTreeByIndex(ctx, heads[0], heads[1])
		if got != want || errors.Is(err, ErrConflict) != errors.Is(wantErr, ErrConflict) {
			t.Errorf("by index %s, %v; by merge-tree %s, %v", got, err, want, wantErr)
		}
	}
	if _, err := r.mergedTree(ctx, top, other); !errors.Is(err, ErrConflict) {
		t.Errorf("both change the first line: %v", err)
	}
}

func TestDiff(t *testing.T) {
	ctx := t.Context()
	r, err := Init(ctx, filepath.Join(t.TempDir(), "x.git"), "main")
	if err != nil {
		t.Fatal(err)
	}
	change := Change{
		Ref: "refs/heads/main", Author: Person{"ann", "ann@x.test"}, Message: "M", At: time.Unix(1700000000, 0),
		Files: map[string]string{"kept": "1\n2\n3\n4\n5\n6\n7\n8\n", "old name": "1\n2\n3\n4\n5\n6\n7\n9\n", "gone": "x", "diff": "a\n"},
	}
	from, err := r.Commit(ctx, change)
	if err != nil {
		t.Fatal(err)
	}
	change.Parent, change.Remove = from, []string{"old name", "gone"}
	change.Files = map[string]string{
		"new \"name\"\t": "1\n2\n3\n4\n5\n6\n7\n9\n", "binary": "\x00\x01", "empty": "", "diff": "a\ndiff --git a/x b/x\n@@ no\n",
	}
	to, err := r.Commit(ctx, change)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Diff(ctx, from, to)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i].SHA = ""
	}
	want := []File{
		{Name: "binary", Status: "added"},
		{Name: "diff", Status: "modified", Patch: "@@ -1 +1,3 @@\n a\n+diff --git a/x b/x\n+@@ no", Additions: 2},
		{Name: "empty", Status: "added"},
		{Name: "gone", Status: "removed", Patch: "@@ -1 +0,0 @@\n-x\n\\ No newline at end of file", Deletions: 1},
		{Name: "new \"name\"\t", PreviousName: "old name", Status: "renamed"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("diff (-want +got):\n%s", d)
	}
	added, removed, modified, err := r.Changed(ctx, to)
	if err != nil {
		t.Fatal(err)
	}
	names := [][]string{added, removed, modified}
	if d := cmp.Diff([][]string{{"binary", "empty", "new \"name\"\t"}, {"gone", "old name"}, {"diff"}}, names); d != "" {
		t.Errorf("changed (-want +got):\n%s", d)
	}
}
