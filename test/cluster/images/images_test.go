// SPDX-License-Identifier: Apache-2.0

package images_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/cutwater-ci/cutwater/test/cluster/images"
)

// memory is a store of images in memory.
type memory struct {
	archives map[string][]byte
	imports  int
	refuse   error
}

func (m *memory) Images(context.Context) ([]string, error) {
	var names []string
	for name := range m.archives {
		names = append(names, name)
	}
	return names, nil
}

func (m *memory) Import(_ context.Context, r io.Reader) error {
	if m.refuse != nil {
		return m.refuse
	}
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	manifest, err := tarball.LoadManifest(open)
	if err != nil {
		return err
	}
	m.imports++
	for _, name := range manifest[0].RepoTags {
		m.archives[name] = content
	}
	return nil
}

func program(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// The same program is imported once, and another under another name.
func TestLoadOnce(t *testing.T) {
	store := &memory{archives: map[string][]byte{}}
	load := func(content string) string {
		t.Helper()
		references, err := images.Load(t.Context(), store, images.Program("hook", program(t, content)))
		if err != nil {
			t.Fatal(err)
		}
		return references["hook"]
	}
	first, again, other := load("one"), load("one"), load("two")
	if first != again || first == other {
		t.Errorf("got references %s, %s, %s; want two equal ones and another", first, again, other)
	}
	if store.imports != 2 {
		t.Errorf("got %d imports, want 2", store.imports)
	}
	if !strings.HasPrefix(first, "dev.local/hook:") {
		t.Errorf("got %s, want a tag of dev.local/hook", first)
	}
}

func TestLoadFails(t *testing.T) {
	refused := errors.New("disk full")
	_, err := images.Load(t.Context(), &memory{refuse: refused}, images.Program("hook", program(t, "one")))
	if !errors.Is(err, refused) {
		t.Errorf("got %v, want %v", err, refused)
	}
	_, err = images.Load(t.Context(), &memory{}, images.Program("hook", "/no/such/program"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that there is no program", err)
	}
}

// What a program finds around it.
func TestProgram(t *testing.T) {
	archive := built(t, images.Program("hook", program(t, "one")))
	config, err := archive.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if got := config.Config.User; got != "65532" {
		t.Errorf("user: got %q, want 65532", got)
	}
	if diff := cmp.Diff([]string{"/ko-app/hook"}, config.Config.Entrypoint); diff != "" {
		t.Errorf("entrypoint (-want +got):\n%s", diff)
	}
	files := layer(t, archive)
	for name, mode := range map[string]int64{
		"ko-app/hook": 0o755, "tmp/": 0o1777, "home/nonroot/": 0o700, "etc/passwd": 0o644, "etc/": 0o755,
	} {
		if header := files[name]; header == nil || header.Mode != mode {
			t.Errorf("%s: got %+v, want mode %o", name, header, mode)
		}
	}
}

// Git of this machine works from the files of the image alone.
func TestWithGit(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("changing the root folder needs root")
	}
	image, err := images.WithGit(t.Context(), images.Program("clonerefs", program(t, "one")))
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	extract := exec.CommandContext(t.Context(), "tar", "-x", "-C", root)
	extract.Stdin = reader(t, built(t, image))
	if output, err := extract.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	// What a container has beside its image.
	device := "mkdir " + root + "/dev && mknod -m 666 " + root + "/dev/null c 1 3 && mknod -m 666 " + root + "/dev/urandom c 1 9"
	if output, err := exec.CommandContext(t.Context(), "sh", "-c", device).CombinedOutput(); err != nil {
		t.Skipf("making devices: %v\n%s", err, output)
	}
	const script = "set -e; cd /tmp; git init -q repo; cd repo; " +
		"git -c user.name=x -c user.email=x@y commit -q --allow-empty -m first; git submodule status; git log --format=%s; ssh -V 2>/dev/null; " +
		"git ls-remote http://127.0.0.1:1/ 2>&1 | grep -c 'unable to access'"
	output, err := exec.CommandContext(t.Context(), "chroot", root, "/bin/sh", "-c", script).CombinedOutput()
	if err != nil || string(output) != "first\n1\n" {
		t.Errorf("got %v, %q; want a commit and a complaint of git's HTTP client", err, output)
	}
}

func built(t *testing.T, image images.Image) v1.Image {
	t.Helper()
	archive, err := image.Build()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "archive")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(archive.Write(out), out.Close()); err != nil {
		t.Fatal(err)
	}
	read, err := tarball.ImageFromPath(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func reader(t *testing.T, image v1.Image) io.Reader {
	t.Helper()
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("got %d layers, %v; want 1", len(layers), err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { content.Close() })
	return content
}

func layer(t *testing.T, image v1.Image) map[string]*tar.Header {
	t.Helper()
	files := map[string]*tar.Header{}
	for in := tar.NewReader(reader(t, image)); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := files[header.Name]; twice {
			t.Errorf("%s is there twice", header.Name)
		}
		files[header.Name] = header
	}
}
