// SPDX-License-Identifier: Apache-2.0

package check_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/cutwater-ci/cutwater/config/check"
)

var update = flag.Bool("update", false, "rewrite what is wanted in testdata")

// TestBroken checks configurations with something wrong in them, one archive
// each: its files, and the report in all formats. Lines of the archive's
// comment such as "warnings: NAME NAME" are what the command line would say.
func TestBroken(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			name, err := filepath.Abs(name)
			if err != nil {
				t.Fatal(err)
			}
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			wanted := unpack(t, archive)
			got := outcome(t, settings(string(archive.Comment)))
			for i := range wanted {
				w := wanted[i]
				if *update {
					w.Data = []byte(got[w.Name])
				}
				if diff := cmp.Diff(string(w.Data), got[w.Name]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", w.Name, diff)
				}
			}
			if *update {
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// formats are the names of what is wanted.
func formats() []string {
	return []string{"want.text", "want.json", "want.github", "want.verdict"}
}

// unpack writes the files of an archive into the test's own working folder, and returns what is wanted.
func unpack(t *testing.T, archive *txtar.Archive) []*txtar.File {
	t.Helper()
	t.Chdir(t.TempDir())
	if *update {
		for _, name := range formats() {
			if !strings.Contains(string(txtar.Format(archive)), "-- "+name+" --") {
				archive.Files = append(archive.Files, txtar.File{Name: name})
			}
		}
	}
	var wanted []*txtar.File
	for i := range archive.Files {
		f := &archive.Files[i]
		if strings.HasPrefix(f.Name, "want.") {
			wanted = append(wanted, f)
			continue
		}
		if err := os.MkdirAll(filepath.Dir(f.Name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.Name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if len(wanted) != len(formats()) {
		t.Fatalf("the archive wants %d things, not %v", len(wanted), formats())
	}
	return wanted
}

// settings are the lines "name: values" of a comment.
func settings(comment string) map[string][]string {
	found := map[string][]string{}
	for line := range strings.Lines(comment) {
		if name, values, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(line, "#") {
			found[name] = strings.Fields(values)
		}
	}
	return found
}

// outcome is what checking the working folder says, by the names in formats.
func outcome(t *testing.T, set map[string][]string) map[string]string {
	t.Helper()
	selection := check.Selection{Names: set["warnings"], Exclude: set["exclude"], Expensive: set["expensive"] != nil}
	checks, odd, err := selection.Select()
	if err != nil {
		t.Fatal(err)
	}
	in, found := check.Load(t.Context(), filesIn(""))
	in.Annotations = set["annotations"]
	in.Facts.AppOrgs = set["app"]
	for _, pair := range set["clusters"] {
		if in.Facts.Clusters == nil {
			in.Facts.Clusters = map[string]string{}
		}
		name, state, _ := strings.Cut(pair, "=")
		in.Facts.Clusters[name] = state
	}
	for _, repo := range set["without-owners"] {
		if in.Facts.RootOwners == nil {
			in.Facts.RootOwners, in.Facts.OrgRepos = map[string]bool{}, map[string][]string{}
		}
		org, _, _ := strings.Cut(repo, "/")
		in.Facts.RootOwners[repo] = false
		in.Facts.OrgRepos[org] = append(in.Facts.OrgRepos[org], repo)
	}
	if repo := set["in-repo"]; repo != nil {
		found = append(found, check.InRepo(t.Context(), in, repo[0], "repo", set["warnings"] != nil)...)
	}
	report := check.Run(in, checks, append(odd, found...))
	got := map[string]string{"want.verdict": fmt.Sprintf("failed: %v, with strict: %v\n", report.Failed(false), report.Failed(true))}
	for _, format := range check.Formats() {
		var b bytes.Buffer
		if err := report.Write(&b, format); err != nil {
			t.Fatal(err)
		}
		got["want."+string(format)] = b.String()
	}
	return got
}
