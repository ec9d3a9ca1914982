// SPDX-License-Identifier: Apache-2.0

package githubapp_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// What people read of the App's permissions and events is what it asks for.
func TestDocumentedPermissions(t *testing.T) {
	const file = "../../docs/getting-started.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| permission | access |\n|---|---|\n")
	table, rest, _ := strings.Cut(table, "\n\n")
	var want strings.Builder
	for _, p := range github.AppPermissions() {
		fmt.Fprintf(&want, "| `%s` | %s |\n", p.Name, p.Access)
	}
	if diff := cmp.Diff(want.String(), table+"\n"); diff != "" {
		t.Errorf("permissions in %s (-want +got):\n%s", file, diff)
	}
	line, _, _ := strings.Cut(strings.TrimSpace(rest), "\n\n")
	var events, documented []string
	for _, e := range github.AppEvents() {
		events = append(events, "`"+e.Name+"`")
	}
	documented = regexp.MustCompile("`[a-z_]+`").FindAllString(line, -1)
	if diff := cmp.Diff(events, documented); diff != "" {
		t.Errorf("events in %s (-want +got):\n%s", file, diff)
	}
}
