// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/cutwater-ci/cutwater/config"
)

var update = flag.Bool("update", false, "rewrite what is wanted in testdata")

// TestBroken loads configurations that are wrong, one archive each: its files, and in "want" all errors and warnings.
func TestBroken(t *testing.T) {
	archives, err := filepath.Glob("testdata/broken/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir, want := unpack(t, archive)
			got := verdict(dir)
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// unpack writes the files of an archive into a folder, and returns "want" as well.
func unpack(t *testing.T, archive *txtar.Archive) (string, *txtar.File) {
	t.Helper()
	dir, want := t.TempDir(), &txtar.File{}
	for i, f := range archive.Files {
		if f.Name == "want" {
			want = &archive.Files[i]
			continue
		}
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir, want
}

// verdict is what loading the folder says, with names relative to it.
func verdict(dir string) string {
	files := config.Files{Config: filepath.Join(dir, "config.yaml")}
	if jobs := filepath.Join(dir, "jobs"); exists(jobs) {
		files.Jobs = jobs
	}
	if supplemental := filepath.Join(dir, "supplemental"); exists(supplemental) {
		files.SupplementalConfigDirs = []string{supplemental}
	}
	c, err := config.Load(context.Background(), files)
	var b strings.Builder
	if err != nil {
		b.WriteString(err.Error() + "\n")
	} else {
		for _, w := range c.Warnings {
			b.WriteString("warning: " + w.Error() + "\n")
		}
	}
	return strings.ReplaceAll(b.String(), dir+string(filepath.Separator), "")
}
