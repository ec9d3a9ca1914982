// SPDX-License-Identifier: Apache-2.0

package image_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/local/node/image"
)

// layer makes a tarball of lines such as "file path content", "dir path",
// "link path target", "hard path target" and "device path".
func layer(t *testing.T, lines ...string) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, line := range lines {
		fields := append(strings.Fields(line), "")
		h := &tar.Header{Name: fields[1], Mode: 0o755, Uid: os.Getuid(), Gid: os.Getgid()}
		content := ""
		switch fields[0] {
		case "file":
			h.Typeflag, content = tar.TypeReg, fields[2]
			h.Size = int64(len(content))
		case "dir":
			h.Typeflag = tar.TypeDir
		case "locked":
			h.Typeflag, h.Mode = tar.TypeDir, 0o500
		case "link":
			h.Typeflag, h.Linkname = tar.TypeSymlink, fields[2]
		case "hard":
			h.Typeflag, h.Linkname = tar.TypeLink, fields[2]
		case "device":
			h.Typeflag, h.Devmajor, h.Devminor = tar.TypeChar, 1, 3
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

// listing lists what is below dir: "path", "path=content", "path->target".
func listing(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		switch {
		case e.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(path)
			out = append(out, fmt.Sprintf("%s->%s", rel, to))
			return err
		case e.Type().IsRegular():
			data, err := os.ReadFile(path)
			out = append(out, fmt.Sprintf("%s=%s", rel, data))
			return err
		}
		out = append(out, rel)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestUnpack(t *testing.T) {
	for _, test := range []struct {
		name   string
		layers [][]string
		want   []string
		err    string
	}{
		{
			name:   "files, parents that nobody lists, links",
			layers: [][]string{{"file a/b 1", "link l a/b", "hard h a/b", "link gone /nowhere"}},
			want:   []string{"a", "a/b=1", "gone->/nowhere", "h=1", "l->a/b"},
		},
		{
			name:   "a later layer replaces",
			layers: [][]string{{"file a 1", "dir d", "file d/x 1", "file f 1"}, {"file a 2", "file d 2", "dir f"}},
			want:   []string{"a=2", "d=2", "f"},
		},
		{
			name:   "whiteouts",
			layers: [][]string{{"file a 1", "file d/x 1", "file d/y 1"}, {"file .wh.a", "file d/.wh.x"}},
			want:   []string{"d", "d/y=1"},
		},
		{
			name:   "an opaque directory spares its own layer, in any order",
			layers: [][]string{{"file d/x 1", "file d/sub/y 1"}, {"file d/sub/new 2", "file d/.wh..wh..opq", "file d/z 2"}},
			want:   []string{"d", "d/sub", "d/sub/new=2", "d/z=2"},
		},
		{
			name:   "absolute links lead to the root of the image",
			layers: [][]string{{"link bin /usr/bin", "dir usr/bin"}, {"file bin/sh 1", "file bin/../etc/x 2"}},
			want:   []string{"bin->/usr/bin", "etc", "etc/x=2", "usr", "usr/bin", "usr/bin/sh=1"},
		},
		{
			name:   "no way out by dots",
			layers: [][]string{{"file ../../../out 1", "file /abs 1", "link up ../../..", "file up/x 1"}},
			want:   []string{"abs=1", "out=1", "up->../../..", "x=1"},
		},
		{
			name:   "no way out by links",
			layers: [][]string{{"link etc OUTSIDE", "file etc/passwd 1"}},
			want:   nil, // checked below: nothing outside
		},
		{
			name:   "a file replaces a link instead of writing through it",
			layers: [][]string{{"file a 1", "link l a"}, {"file l 2"}},
			want:   []string{"a=1", "l=2"},
		},
		{
			name:   "devices are left out, closed directories filled",
			layers: [][]string{{"device null", "locked d", "file d/x 1"}},
			want:   []string{"d", "d/x=1"},
		},
		{
			name:   "a hard link out of the image finds nothing",
			layers: [][]string{{"hard h ../../../../etc/hostname"}},
			err:    `unpacking "h"`,
		},
		{
			name:   "links in a circle",
			layers: [][]string{{"link a b", "link b a", "file a/x 1"}},
			err:    "too many symbolic links",
		},
		{
			name:   "whiteout of the parent",
			layers: [][]string{{"file d/.wh... 1"}},
			err:    "whiteout of nothing",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			base := t.TempDir()
			root, outside := filepath.Join(base, "root"), filepath.Join(base, "outside")
			for _, dir := range []string{root, outside} {
				if err := os.Mkdir(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			var err error
			for _, lines := range test.layers {
				for i := range lines {
					lines[i] = strings.ReplaceAll(lines[i], "OUTSIDE", outside)
				}
				if err = image.Unpack(root, layer(t, lines...)); err != nil {
					break
				}
			}
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Fatalf("got error %v, want one with %q", err, test.err)
			}
			if got := listing(t, outside); len(got) != 0 {
				t.Errorf("outside the root: %v", got)
			}
			if test.want == nil {
				return
			}
			if diff := cmp.Diff(test.want, listing(t, root)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
