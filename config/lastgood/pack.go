// SPDX-License-Identifier: Apache-2.0

package lastgood

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"

	"github.com/cutwater-ci/cutwater/config/document"
)

// maxSize bounds what is unpacked, in bytes. Kubernetes' own configuration has 20 MiB.
const maxSize = 256 << 20

// placesIn is where in a folder the paths are: each in a folder of its own,
// since they may have equal names.
func placesIn(dir string, paths []string) []string {
	places := make([]string, len(paths))
	for i, root := range paths {
		if root != "" {
			places[i] = filepath.Join(dir, place(i, root))
		}
	}
	return places
}

func place(i int, root string) string { return path.Join(strconv.Itoa(i), filepath.Base(root)) }

// pack writes an archive of the paths: of folders all YAML files, of a file also
// VERSION beside it. Equal contents make equal archives.
func pack(w io.Writer, paths []string) error {
	archive := tar.NewWriter(w)
	for i, root := range paths {
		if root == "" {
			continue
		}
		if err := packOne(archive, place(i, root), root); err != nil {
			return err
		}
	}
	return archive.Close()
}

func packOne(archive *tar.Writer, place, root string) error {
	info, err := os.Stat(root)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		version := filepath.Join(filepath.Dir(root), "VERSION")
		if err := packFile(archive, path.Join(path.Dir(place), "VERSION"), version); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return packFile(archive, place, root)
	}
	if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: place + "/", Mode: 0o700}); err != nil {
		return err
	}
	names, err := document.Find(root, document.IsYAML)
	if err != nil {
		return err
	}
	for _, name := range names {
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if err := packFile(archive, path.Join(place, filepath.ToSlash(relative)), name); err != nil {
			return err
		}
	}
	return nil
}

func packFile(archive *tar.Writer, place, name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: place, Mode: 0o600, Size: int64(len(data))}); err != nil {
		return err
	}
	_, err = archive.Write(data)
	return err
}

// unpack writes an archive's folders and files below dir, and nowhere else.
func unpack(r io.Reader, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	limited := &io.LimitedReader{R: r, N: maxSize}
	archive := tar.NewReader(limited)
	for {
		header, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case limited.N <= 0:
			return fmt.Errorf("it holds more than %d MiB", maxSize>>20)
		case err != nil:
			return err
		}
		if err := unpackOne(root, header, archive); err != nil {
			return err
		}
	}
}

func unpackOne(root *os.Root, header *tar.Header, from io.Reader) error {
	if header.Typeflag == tar.TypeDir {
		return root.MkdirAll(path.Clean(header.Name), 0o700)
	}
	if err := root.MkdirAll(path.Dir(header.Name), 0o700); err != nil {
		return err
	}
	file, err := root.OpenFile(header.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Close())
}
