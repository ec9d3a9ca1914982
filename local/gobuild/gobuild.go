// SPDX-License-Identifier: Apache-2.0

// Package gobuild builds programs of other projects from their Go modules: what
// Kubernetes, etcd and others publish is source, and Go fetches and checks it.
// Each pinned go.mod is apart from ours and from the others, since these
// projects disagree about their dependencies.
//
// Started by who needs such a program. Changes only the folder of programs that
// it is given, and Go's caches.
package gobuild

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cutwater-ci/cutwater/internal/filelock"
)

// Module is what programs are built from: a pinned go.mod and its go.sum. Its
// files end in .mod and .sum, since Go embeds no folder that has a go.mod.
type Module struct {
	// Files holds Name.mod and Name.sum, and Name.main if the main package is
	// ours: the content of its main.go.
	Files fs.FS
	Name  string
	// Path is the module whose version the programs carry, as k8s.io/kubernetes;
	// empty when the programs are ours alone.
	Path string
}

// Program is one program of a module.
type Program struct {
	Module
	Name string // of the file
	// Package is the main package's path; empty when it is Module's Name.main.
	Package string
	// Packages is how many packages it is made of, about; for progress.
	Packages int
	// Variables are what the linker sets, by package path and name; may be nil.
	Variables map[string]string
}

// CacheDir returns a folder of that name below the user's cache.
func CacheDir(name string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding a folder for programs (set HOME or XDG_CACHE_HOME): %w", err)
	}
	return filepath.Join(cache, "cutwater", name), nil
}

// Version is the version of Path in the pinned go.mod.
func (m Module) Version() (string, error) {
	if m.Path == "" {
		return "(devel)", nil
	}
	mod, err := fs.ReadFile(m.Files, m.Name+".mod")
	if err != nil {
		return "", err
	}
	found := regexp.MustCompile(`(?m)^(?:require)?\s*` + regexp.QuoteMeta(m.Path) + ` (v\S+)`).FindSubmatch(mod)
	if found == nil {
		return "", fmt.Errorf("%s.mod does not require %s", m.Name, m.Path)
	}
	return string(found[1]), nil
}

// Source returns the folder with the source of a module that the pinned go.mod
// requires, to read files as manifests from it. It is in Go's cache and cannot
// be written to.
func (m Module) Source(ctx context.Context, path string) (string, error) {
	work, err := os.MkdirTemp("", "cutwater-source-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := m.write(work); err != nil {
		return "", err
	}
	if said, err := command(ctx, work, "mod", "download", path).CombinedOutput(); err != nil {
		return "", fmt.Errorf("downloading %s: %w\n%s", path, err, said)
	}
	dir, err := command(ctx, work, "list", "-m", "-f", "{{.Dir}}", path).Output()
	if err != nil {
		return "", fmt.Errorf("finding the source of %s: %w", path, err)
	}
	return strings.TrimSpace(string(dir)), nil
}

// Build puts the program into dir, unless what is there was built from the same
// files, and returns its path. The first time takes minutes, and progress is
// told how it goes. Several processes may ask at once; one builds and the
// others wait.
func (p Program) Build(ctx context.Context, dir string, progress io.Writer) (string, error) {
	program := filepath.Join(dir, p.Name)
	stamp, err := p.stamp()
	if err != nil {
		return "", err
	}
	if isBuilt(program, stamp) {
		return program, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making a folder for %s: %w", p.Name, err)
	}
	unlock, err := filelock.File(ctx, program+".lock", "waiting: "+p.Name+" is built by another process", progress)
	if err != nil {
		return "", err
	}
	defer unlock()
	if isBuilt(program, stamp) {
		return program, nil // another process built it while this one waited
	}
	if err := p.build(ctx, dir, progress); err != nil {
		return "", fmt.Errorf("building %s: %w", p.Name, err)
	}
	return program, os.WriteFile(program+".version", []byte(stamp), 0o644)
}

// stamp says what the program is built from.
func (p Program) stamp() (string, error) {
	version, err := p.Version()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintln(sum, p.Package, p.ldflags())
	files, err := p.files()
	if err != nil {
		return "", err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(sum, "%s %d\n%s", name, len(files[name]), files[name])
	}
	return fmt.Sprintf("%s %x", version, sum.Sum(nil)[:8]), nil
}

func isBuilt(program, stamp string) bool {
	got, err := os.ReadFile(program + ".version")
	if err != nil || string(got) != stamp {
		return false
	}
	_, err = os.Stat(program)
	return err == nil
}

// build compiles the program in a throw-away module and moves it into place.
func (p Program) build(ctx context.Context, dir string, progress io.Writer) error {
	if _, err := exec.LookPath("go"); err != nil {
		return errors.New("the go command is not in PATH; install Go")
	}
	version, err := p.Version()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := p.write(work); err != nil {
		return err
	}
	fmt.Fprintf(progress, "building %s %s from its Go module; this happens once and takes some minutes\n", p.Name, version)
	started := time.Now()
	from := p.Package
	if from == "" {
		from = "."
	}
	built := filepath.Join(work, "built")
	if err := p.watch(command(ctx, work, "build", "-v", "-trimpath", "-ldflags", p.ldflags(), "-o", built, from), progress); err != nil {
		return err
	}
	fmt.Fprintf(progress, "built %s in %s\n", p.Name, time.Since(started).Round(time.Second))
	return os.Rename(built, filepath.Join(dir, p.Name))
}

func (p Program) ldflags() string {
	flags := []string{"-s", "-w"}
	for _, name := range slices.Sorted(maps.Keys(p.Variables)) {
		flags = append(flags, "-X", name+"="+p.Variables[name])
	}
	return strings.Join(flags, " ")
}

// files are those that a build of the module needs, by the name they have there.
func (m Module) files() (map[string][]byte, error) {
	files := map[string][]byte{}
	for suffix, name := range map[string]string{".mod": "go.mod", ".sum": "go.sum", ".main": "main.go"} {
		content, err := fs.ReadFile(m.Files, m.Name+suffix)
		if suffix == ".main" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		files[name] = content
	}
	return files, nil
}

func (m Module) write(dir string) error {
	files, err := m.files()
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// command is the go command in a module's folder, for static programs.
func command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=mod", "GOWORK=off")
	return cmd
}
