// SPDX-License-Identifier: Apache-2.0

package images

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"strings"
)

// layer writes files with all the folders above them. Times and owners are left
// out, so that the same files give the same bytes.
type layer struct {
	tar     *tar.Writer
	folders map[string]bool
}

func newLayer(w io.Writer) *layer {
	return &layer{tar: tar.NewWriter(w), folders: map[string]bool{"/": true}}
}

func (l *layer) add(name string, file File) error {
	if err := l.above(name); err != nil {
		return err
	}
	switch {
	case file.Link != "":
		return l.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: inTar(name), Linkname: file.Link, Mode: 0o777})
	case file.From != "":
		return l.copy(name, file.From)
	}
	if err := l.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: inTar(name), Size: int64(len(file.Text)), Mode: 0o644}); err != nil {
		return err
	}
	_, err := io.WriteString(l.tar, file.Text)
	return err
}

func (l *layer) copy(name, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file", from)
	}
	mode := int64(0o644)
	if info.Mode()&0o111 != 0 {
		mode = 0o755
	}
	if err := l.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: inTar(name), Size: info.Size(), Mode: mode}); err != nil {
		return err
	}
	_, err = io.Copy(l.tar, in)
	return err
}

// above makes the folders that a file is in.
func (l *layer) above(name string) error { return l.folder(path.Dir(name), 0o755, 0) }

func (l *layer) folder(name string, mode int64, owner int) error {
	if l.folders[name] {
		return nil
	}
	if err := l.above(name); err != nil {
		return err
	}
	l.folders[name] = true
	return l.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: inTar(name) + "/", Mode: mode, Uid: owner, Gid: owner})
}

// inTar is a path as archives have it.
func inTar(name string) string { return strings.TrimPrefix(name, "/") }

func architecture() string { return runtime.GOARCH }
