// SPDX-License-Identifier: Apache-2.0

package entrypoint_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The program is copied into every test container, so it must stay small: beside
// the standard library, and that without its network, it is made of just this.
func TestStaysSmall(t *testing.T) {
	const module = "github.com/cutwater-ci/cutwater/"
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", module+"cmd/entrypoint")
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(output)) {
		name := strings.TrimSpace(line)
		first, _, _ := strings.Cut(name, "/")
		switch {
		case strings.Contains(first, "."):
			got = append(got, strings.TrimPrefix(name, module))
		case name == "net" || name == "net/http":
			t.Errorf("it imports %s", name)
		}
	}
	want := []string{
		"podutils/command", "golang.org/x/sys/unix", "github.com/fsnotify/fsnotify/internal",
		"github.com/fsnotify/fsnotify", "podutils/wrapper", "podutils/entrypoint", "cmd/entrypoint",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
}
