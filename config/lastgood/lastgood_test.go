// SPDX-License-Identifier: Apache-2.0

package lastgood_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/config/lastgood"
	"github.com/cutwater-ci/cutwater/internal/blob"
)

func bucket(t *testing.T) *blob.Bucket {
	t.Helper()
	b, err := blob.Open(t.Context(), "file://"+t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// keep keeps what the paths hold now.
func keep(t *testing.T, copies lastgood.Copies, paths []string) {
	t.Helper()
	sum, err := copies.Sum(paths)
	if err != nil {
		t.Fatal(err)
	}
	if err := copies.Keep(t.Context(), sum, paths); err != nil {
		t.Fatal(err)
	}
}

// tree is the files below a folder, by their names in it.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		relative, _ := filepath.Rel(root, name)
		found[relative] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// mount is what kubelet makes of a ConfigMap: links through ..data into a folder.
func mount(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		write(t, filepath.Join(dir, "..1", name), text)
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("..1", filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
}

// All that a configuration is read from comes back: a file, VERSION beside it, folders, and what has no path.
func TestRestore(t *testing.T) {
	dir := t.TempDir()
	mount(t, filepath.Join(dir, "config"), map[string]string{"config.yaml": "main", "VERSION": "v1", "other.yaml": "not read"})
	mount(t, filepath.Join(dir, "jobs"), map[string]string{"a.yaml": "a", "b.yml": "b", "README.md": "not read"})
	write(t, filepath.Join(dir, "more", "jobs", "deep", "c.yaml"), "c")
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	paths := []string{
		filepath.Join(dir, "config", "config.yaml"), filepath.Join(dir, "jobs"), "",
		filepath.Join(dir, "more", "jobs"), filepath.Join(dir, "empty"),
	}
	copies := lastgood.In(bucket(t), lastgood.Config)
	keep(t, copies, paths)

	restored := t.TempDir()
	places, err := copies.Restore(t.Context(), paths, restored)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"0/config.yaml", "1/jobs", "", "3/jobs", "4/empty"}
	for i, place := range places {
		if place == "" {
			continue
		}
		if _, err := os.Stat(place); err != nil {
			t.Error(err)
		}
		if places[i], err = filepath.Rel(restored, place); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, places); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	files := map[string]string{"0/config.yaml": "main", "0/VERSION": "v1", "1/jobs/a.yaml": "a", "1/jobs/b.yml": "b", "3/jobs/deep/c.yaml": "c"}
	if diff := cmp.Diff(files, tree(t, restored)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// What was not loaded is not kept, and what is there already is not written again.
func TestKeep(t *testing.T) {
	ctx, b := t.Context(), bucket(t)
	copies := lastgood.In(b, lastgood.Config)
	name := filepath.Join(t.TempDir(), "config.yaml")
	paths := []string{name}
	write(t, name, "good")
	sum, err := copies.Sum(paths)
	if err != nil {
		t.Fatal(err)
	}
	write(t, name, "changed since it was loaded")
	if err := copies.Keep(ctx, sum, paths); err != nil {
		t.Error(err)
	}
	if _, err := copies.Restore(ctx, paths, t.TempDir()); err == nil || !strings.Contains(err.Error(), "there is no copy") {
		t.Errorf("what was not loaded is kept: %v", err)
	}

	write(t, name, "good")
	keep(t, copies, paths)
	const key = "inbox/config/config.tar.gz"
	first, err := b.Attributes(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, copies, paths)
	second, err := b.Attributes(ctx, key)
	if err != nil || !second.ModTime.Equal(first.ModTime) {
		t.Errorf("an equal copy was written again: %v", err)
	}
	write(t, name, "better")
	keep(t, copies, paths)
	places, err := copies.Restore(ctx, paths, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(places[0]); err != nil || string(data) != "better" {
		t.Errorf("the copy holds %q, %v", data, err)
	}
	reading := lastgood.Reading(b.String(), blob.Credentials{}).Copies
	if sum, err := reading.Sum(paths); err != nil || sum != "" {
		t.Errorf("who only reads has the sum %q, %v", sum, err)
	}
	if places, err = reading.Restore(ctx, paths, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(places[0]); err != nil || string(data) != "better" {
		t.Errorf("who only reads has %q, %v", data, err)
	}
	if none := lastgood.Reading("", blob.Credentials{}).Copies; none != nil {
		t.Errorf("without a bucket there is %v", none)
	}
	if _, err := copies.Sum([]string{name, "/does/not/exist"}); err == nil {
		t.Error("a missing path has a sum")
	}
}

// Whoever may write to the bucket may not write outside of the folder.
func TestRestoreHostile(t *testing.T) {
	for name, data := range map[string][]byte{
		"no archive":    []byte("hello"),
		"cut off":       archive(t, "0/config.yaml")[:60],
		"above":         archive(t, "../outside.yaml"),
		"from the root": archive(t, "/tmp/outside.yaml"),
		"twice":         archive(t, "0/config.yaml", "0/config.yaml"),
	} {
		t.Run(name, func(t *testing.T) {
			b := bucket(t)
			if err := b.Write(t.Context(), "inbox/config/config.tar.gz", data, nil); err != nil {
				t.Fatal(err)
			}
			above := t.TempDir()
			dir := filepath.Join(above, "dir")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			_, err := lastgood.In(b, lastgood.Config).Restore(t.Context(), []string{"config.yaml"}, dir)
			if err == nil || !strings.Contains(err.Error(), "inbox/config/config.tar.gz of file://") {
				t.Errorf("error %v, want one that names the object", err)
			}
			if _, err := os.Stat(filepath.Join(above, "outside.yaml")); err == nil {
				t.Error("a file was written outside of the folder")
			}
		})
	}
}

// archive is one with files of these names.
func archive(t *testing.T, names ...string) []byte {
	t.Helper()
	var data bytes.Buffer
	zipped := gzip.NewWriter(&data)
	w := tar.NewWriter(zipped)
	for _, name := range names {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Size: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}
