// SPDX-License-Identifier: Apache-2.0

package check_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/config/check"
	"github.com/cutwater-ci/cutwater/internal/txtartest"
)

// TestDocs holds the table in docs/check.md against the checks.
func TestDocs(t *testing.T) {
	const (
		file   = "../../docs/check.md"
		before = "with -update writes it. -->\n\n"
		after  = "\n\nNearly all of them look at"
	)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), before)
	table, tail, ok2 := strings.Cut(rest, after)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", file)
	}
	want := strings.TrimSuffix(check.Table(), "\n")
	if txtartest.Update() {
		table = want
		if err := os.WriteFile(file, []byte(head+before+table+after+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, table); diff != "" {
		t.Errorf("the table in %s is old; go test ./config/check -run Docs -update writes it (-want +got):\n%s", file, diff)
	}
}

// TestAll holds the list of checks against the rules that it has.
func TestAll(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range check.All() {
		if seen[c.Name] {
			t.Errorf("%s is there twice", c.Name)
		}
		seen[c.Name] = true
		if !strings.HasSuffix(c.Finds, ".") || c.Run == nil || strings.Contains(c.Finds, "|") {
			t.Errorf("%s: %+v", c.Name, c)
		}
	}
}

func TestSelect(t *testing.T) {
	names := func(s check.Selection) map[string]bool {
		t.Helper()
		selected, _, err := s.Select()
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]bool{}
		for _, c := range selected {
			all[c.Name] = true
		}
		return all
	}
	const always = "gerrit-rerun-command"
	for _, tc := range []struct {
		about     string
		selection check.Selection
		has       []string
		lacks     []string
	}{
		{"by default", check.Selection{}, []string{"mismatched-tide", "unknown-fields", always}, []string{"mismatched-tide-lenient", "verify-owners-presence", "unknown-fields-all", "valid-decoration-config", "validate-github-app-installation"}},
		{"by name", check.Selection{Names: []string{"unknown-fields-all", "mismatched-tide-lenient"}}, []string{"unknown-fields-all", "mismatched-tide-lenient", always}, []string{"unknown-fields", "mismatched-tide"}},
		{"by name and default", check.Selection{Names: []string{"unknown-fields-all"}, WithDefaults: true}, []string{"unknown-fields-all", "mismatched-tide"}, []string{"verify-owners-presence"}},
		{"expensive", check.Selection{Expensive: true}, []string{"verify-owners-presence", "unknown-fields-all", "validate-github-app-installation"}, []string{"mismatched-tide-lenient"}},
		{"expensive and named", check.Selection{Expensive: true, Names: []string{"validate-urls"}}, []string{"validate-urls"}, []string{"verify-owners-presence", "mismatched-tide"}},
		{"excluded", check.Selection{Exclude: []string{"mismatched-tide", always}}, []string{"mismatched-tide-lenient", always}, []string{"mismatched-tide"}},
		{"both excluded", check.Selection{Exclude: []string{"mismatched-tide", "mismatched-tide-lenient"}}, nil, []string{"mismatched-tide", "mismatched-tide-lenient"}},
		{"named and excluded", check.Selection{Names: []string{"validate-urls"}, Exclude: []string{"validate-urls"}}, nil, []string{"validate-urls"}},
		{"with an App", check.Selection{App: true}, []string{"validate-github-app-installation", "mismatched-tide"}, nil},
	} {
		got := names(tc.selection)
		for _, name := range tc.has {
			if !got[name] {
				t.Errorf("%s: %s is not selected", tc.about, name)
			}
		}
		for _, name := range tc.lacks {
			if got[name] {
				t.Errorf("%s: %s is selected", tc.about, name)
			}
		}
	}
	_, _, err := check.Selection{Names: []string{"long-job-name"}}.Select()
	if want := `there is no check "long-job-name"; did you mean long-job-names?`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
