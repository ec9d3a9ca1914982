// SPDX-License-Identifier: Apache-2.0

package gobuild

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cutwater-ci/cutwater/internal/filelock"
)

// hello is a program whose main package is ours and uses a module in a folder.
func hello(t *testing.T, library, main string) Program {
	t.Helper()
	write(t, library, "go.mod", "module example.com/library\n\ngo 1.26\n")
	write(t, library, "library.go", "package library\n\nvar Version string\n")
	return Program{
		Module: Module{
			Files: fstest.MapFS{
				"hello.mod":  {Data: fmt.Appendf(nil, "module hello\n\ngo 1.26\n\nrequire example.com/library v1.2.3\n\nreplace example.com/library => %s\n", library)},
				"hello.sum":  {},
				"hello.main": {Data: []byte(main)},
			},
			Name: "hello",
			Path: "example.com/library",
		},
		Name:      "hello",
		Variables: map[string]string{"example.com/library.Version": "v1.2.3"},
	}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

const helloMain = "package main\n\nimport \"example.com/library\"\n\nfunc main() { print(\"hello \", library.Version) }\n"

// What is asked for is built once, and again when what it is built from changes.
func TestBuild(t *testing.T) {
	dir, library := t.TempDir(), t.TempDir()
	for _, step := range []struct {
		name, main, want string
		wantBuild        bool
	}{
		{"the first time", helloMain, "hello v1.2.3", true},
		{"nothing changed", helloMain, "hello v1.2.3", false},
		{"another main.go", strings.Replace(helloMain, "hello", "bye", 1), "bye v1.2.3", true},
	} {
		var progress bytes.Buffer
		program, err := hello(t, library, step.main).Build(t.Context(), dir, &progress)
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if got := strings.Contains(progress.String(), "built hello"); got != step.wantBuild {
			t.Errorf("%s: built is %v, want %v; progress:\n%s", step.name, got, step.wantBuild, &progress)
		}
		said, err := exec.CommandContext(t.Context(), program).CombinedOutput()
		if err != nil || string(said) != step.want {
			t.Errorf("%s: the program said %q, %v; want %q", step.name, said, err, step.want)
		}
	}
}

// A build that fails says what the compiler said, and leaves nothing behind.
func TestBuildFails(t *testing.T) {
	dir := t.TempDir()
	_, err := hello(t, t.TempDir(), "package main\n\nfunc main() { undefined() }\n").Build(t.Context(), dir, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "undefined: undefined") {
		t.Errorf("got error %v, want the compiler's", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if want := []string{filepath.Join(dir, "hello.lock")}; err != nil || !slices.Equal(left, want) {
		t.Errorf("left %v, %v; want %v", left, err, want)
	}
}

func TestSource(t *testing.T) {
	library := t.TempDir()
	got, err := hello(t, library, helloMain).Source(t.Context(), "example.com/library")
	if err != nil || got != library {
		t.Errorf("got %q, %v; want %q", got, err, library)
	}
}

func TestVersionNotRequired(t *testing.T) {
	m := hello(t, t.TempDir(), helloMain).Module
	m.Path = "example.com/other"
	if _, err := m.Version(); err == nil || !strings.Contains(err.Error(), "hello.mod does not require example.com/other") {
		t.Errorf("got error %v, want one that names the file and the module", err)
	}
}

// Who waits for another's build is told so, and need not wait.
func TestBuildWaits(t *testing.T) {
	dir := t.TempDir()
	unlock, err := filelock.File(t.Context(), filepath.Join(dir, "hello.lock"), "", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err = hello(t, t.TempDir(), helloMain).Build(ctx, dir, writer(func(said []byte) {
		if want := "waiting: hello is built by another process\n"; string(said) != want {
			t.Errorf("it says %q, want %q", said, want)
		}
		cancel()
	}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want that it was canceled", err)
	}
	unlock()
	if unlock, err = filelock.File(t.Context(), filepath.Join(dir, "hello.lock"), "", io.Discard); err != nil {
		t.Fatal(err)
	}
	unlock()
}

type writer func([]byte)

func (w writer) Write(said []byte) (int, error) { w(said); return len(said), nil }
