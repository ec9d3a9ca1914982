// SPDX-License-Identifier: Apache-2.0

package filedriver

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gocloud.dev/blob"
)

func open(t *testing.T) (*Driver, *blob.Bucket) {
	t.Helper()
	d, err := Open(filepath.Join(t.TempDir(), "new", "folder"))
	if err != nil {
		t.Fatal(err)
	}
	return d, blob.NewBucket(d)
}

// files lists the folder, as a person sees it.
func files(t *testing.T, d *Driver) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			names = append(names, strings.TrimPrefix(path, d.dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestLayout(t *testing.T) {
	d, b := open(t)
	for key, o := range map[string]*blob.WriterOptions{
		"logs/job/1/build-log.txt": {},
		"logs/job/1/started.json":  {ContentType: "application/json"},
		"logs/job/1/request":       {IfNotExist: true},
		"logs/job/1/zipped.txt":    {ContentType: "text/plain; charset=utf-8", ContentEncoding: "gzip"},
		"logs/job/latest":          {Metadata: map[string]string{"a": "b"}},
		".cutwater/x":              {},
		"a//b/../c/./d":            {},
		"50%":                      {},
	} {
		if err := b.WriteAll(t.Context(), key, []byte("text"), o); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"%2Ecutwater/x",
		".cutwater/attributes/logs/job/1/zipped.txt",
		".cutwater/attributes/logs/job/latest",
		"50%25",
		"a/%/b/%2E./c/%2E/d",
		"logs/job/1/build-log.txt",
		"logs/job/1/request",
		"logs/job/1/started.json",
		"logs/job/1/zipped.txt",
		"logs/job/latest",
	}
	got := files(t, d)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	var keys []string
	for it := b.List(nil); ; {
		o, err := it.Next(t.Context())
		if err != nil {
			break
		}
		keys = append(keys, o.Key)
	}
	want = []string{
		".cutwater/x", "50%", "a//b/../c/./d", "logs/job/1/build-log.txt", "logs/job/1/request",
		"logs/job/1/started.json", "logs/job/1/zipped.txt", "logs/job/latest",
	}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	for _, key := range []string{"logs/job/1/zipped.txt", "logs/job/latest"} {
		if err := b.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if got := files(t, d); slices.ContainsFunc(got, func(f string) bool { return strings.HasPrefix(f, hidden) }) {
		t.Errorf("after deletion: got %v, want no attributes", got)
	}
}

// What a killed process was writing does not stay for ever; what one still writes does.
func TestLeftovers(t *testing.T) {
	d, _ := open(t)
	for name, age := range map[string]time.Duration{"fresh": time.Hour, "old": 25 * time.Hour} {
		path := filepath.Join(d.unfinished(), name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	again, err := Open(d.dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{".cutwater/unfinished/fresh"}, files(t, again)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// TestNeverOutside tries keys that a careless path would lead out of the folder.
func TestNeverOutside(t *testing.T) {
	for _, key := range []string{"../x", "a/../../x", "..", ".", "/etc/passwd", "a/..", "", "/", "//", "..\x00/x", ".cutwater/unfinished/x"} {
		name := fileName(key)
		if !filepath.IsLocal(name) || filepath.Clean(name) != name || strings.HasPrefix(name, hidden) {
			t.Errorf("key %q: got file name %q", key, name)
		}
		if got := keyOf(name); got != key {
			t.Errorf("key of %q: got %q, want %q", name, got, key)
		}
	}
}

// FuzzFileName looks for keys that leave the folder or share a file.
func FuzzFileName(f *testing.F) {
	f.Add("a/b")
	f.Add("../%2E/\x01//.")
	f.Fuzz(func(t *testing.T, key string) {
		name := fileName(key)
		if !filepath.IsLocal(name) || filepath.Clean(name) != name {
			t.Errorf("key %q: got file name %q", key, name)
		}
		if got := keyOf(name); got != key {
			t.Errorf("key of %q: got %q, want %q", name, got, key)
		}
	})
}

// TestDurable checks that a file and all new folder entries are synced before Close
// returns, and the content before its name.
func TestDurable(t *testing.T) {
	for _, o := range []*blob.WriterOptions{{}, {IfNotExist: true}} {
		d, b := open(t)
		var synced []string
		d.sync = func(file *os.File) error {
			name := strings.TrimPrefix(file.Name(), d.dir)
			if strings.HasPrefix(name, "/"+hidden) {
				name = "content"
				if got, err := os.ReadFile(file.Name()); err != nil || string(got) != "data" {
					t.Errorf("synced content: got %q, %v; want data", got, err)
				}
				if _, err := os.Stat(filepath.Join(d.dir, "a/b/x")); err == nil {
					t.Error("the name was there before the content was on disk")
				}
			}
			synced = append(synced, name)
			return file.Sync()
		}
		if err := b.WriteAll(t.Context(), "a/b/x", []byte("data"), o); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"content", "/a/b", "/a", ""}, synced); diff != "" {
			t.Errorf("synced (-want +got):\n%s", diff)
		}
	}
}

func TestListPages(t *testing.T) {
	_, b := open(t)
	var want []string
	for _, key := range []string{"a/1", "a/2", "a/3", "a-b", "a.b/1", "b", "c/d/1", "c/d/2", "c/e"} {
		if err := b.WriteAll(t.Context(), key, nil, nil); err != nil {
			t.Fatal(err)
		}
		want = append(want, key)
	}
	for _, tc := range []struct {
		o    blob.ListOptions
		want []string
	}{
		{blob.ListOptions{}, []string{"a-b", "a.b/1", "a/1", "a/2", "a/3", "b", "c/d/1", "c/d/2", "c/e"}},
		{blob.ListOptions{Delimiter: "/"}, []string{"a-b", "a.b/", "a/", "b", "c/"}},
		{blob.ListOptions{Prefix: "c/", Delimiter: "/"}, []string{"c/d/", "c/e"}},
		{blob.ListOptions{Delimiter: "b"}, []string{"a-b", "a.b", "a/1", "a/2", "a/3", "b", "c/d/1", "c/d/2", "c/e"}},
	} {
		for size := 1; size <= len(want)+1; size++ {
			var got []string
			for token := blob.FirstPageToken; token != nil; {
				page, next, err := b.ListPage(t.Context(), token, size, &tc.o)
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range page {
					got = append(got, o.Key)
				}
				token = next
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%+v in pages of %d (-want +got):\n%s", tc.o, size, diff)
			}
		}
	}
}

func TestOpenErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil {
		t.Error("a file as bucket: got no error")
	}
}
