// SPDX-License-Identifier: Apache-2.0

package check_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/config/check"
	"github.com/cutwater-ci/cutwater/internal/txtartest"
)

// TestBroken checks configurations with something wrong in them, one archive
// each: its files, and the report in all formats. Lines of the archive's
// comment such as "warnings: NAME NAME" are what the command line would say.
func TestBroken(t *testing.T) {
	txtartest.Run(t, "testdata/*.txtar", func(t *testing.T, comment string) map[string]string {
		t.Helper()
		return outcome(t, settings(comment))
	})
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

// outcome is what checking the working folder says.
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
