// SPDX-License-Identifier: Apache-2.0

package entrypoint_test

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
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

// build builds the program as images have it.
func build(tb testing.TB) (program string) {
	tb.Helper()
	program = filepath.Join(tb.TempDir(), "entrypoint")
	command := exec.CommandContext(tb.Context(), "go", "build", "-ldflags", "-s -w", "-o", program, "../../cmd/entrypoint")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	return program
}

// It runs in images that may have no library at all.
func TestStaticProgram(t *testing.T) {
	program := build(t)
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	if got, most := info.Size(), int64(4<<20); got >= most {
		t.Errorf("the program has %d bytes, want less than %d", got, most)
	}
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if libraries, err := file.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("it needs the libraries %v (%v)", libraries, err)
	}
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP {
			t.Error("it needs a dynamic linker")
		}
	}
}
