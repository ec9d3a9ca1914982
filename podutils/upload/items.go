// SPDX-License-Identifier: Apache-2.0

package upload

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// items finds, one by one, what the options name: there may be very many.
type items struct {
	paths  []string
	dir    string
	links  []Object
	types  mediaTypes
	filter Filter
	log    *slog.Logger
	report *reporter

	seen  map[string]bool
	roots []*os.Root
}

// newItems are the links and the options' items.
func (u *run) newItems(links []Object) *items {
	return &items{
		paths: u.options.Items, dir: u.dir, links: links, types: u.types, filter: u.filter,
		log: u.log, report: &u.reporter, seen: map[string]bool{},
	}
}

// leftOut says that something is not uploaded, on purpose.
func (i *items) leftOut(path string, err error) {
	i.log.Warn("Not uploading", "path", path, "error", err)
	i.report.leftOut(path, err)
}

func (i *items) close() {
	for _, root := range i.roots {
		_ = root.Close() // only read
	}
}

func (i *items) all() iter.Seq[Object] {
	return func(yield func(Object) bool) {
		for _, link := range i.links {
			i.seen[link.Key] = true
			if !yield(link) {
				return
			}
		}
		for _, item := range i.paths {
			if err := i.item(item, yield); errors.Is(err, errEnough) {
				return
			} else if errors.Is(err, fs.ErrNotExist) {
				i.log.Info("Nothing to upload", "path", item) // a job need not leave artifacts
			} else if err != nil {
				i.leftOut(filepath.Base(item), err)
			}
		}
	}
}

// errEnough says that nobody wants more objects.
var errEnough = errors.New("enough")

// item yields a file, or all files below a folder.
func (i *items) item(item string, yield func(Object) bool) error {
	info, err := os.Stat(item)
	if err != nil {
		return err
	}
	root, name, err := i.parentOf(item)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return i.file(root, name, "", yield)
	}
	// By way of its parent, since a job may have put a link in the folder's place.
	if root, err = root.OpenRoot(name); err != nil {
		return err
	}
	i.roots = append(i.roots, root)
	return fs.WalkDir(root.FS(), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			i.leftOut(path.Join(info.Name(), file), err)
			return nil
		}
		if d.IsDir() {
			return nil
		}
		return i.file(root, file, path.Join(info.Name(), path.Dir(file)), yield)
	})
}

// parentOf opens the folder that the item is in.
func (i *items) parentOf(item string) (root *os.Root, name string, err error) {
	path, err := filepath.Abs(item)
	if err != nil {
		return nil, "", err
	}
	if root, err = os.OpenRoot(filepath.Dir(path)); err != nil {
		return nil, "", err
	}
	i.roots = append(i.roots, root)
	return root, filepath.Base(path), nil
}

// errSecond is why a file is left out.
var errSecond = errors.New("another file is stored under the same name")

// file yields a file to be stored in dir, which is relative to the run's folder.
func (i *items) file(root *os.Root, file, dir string, yield func(Object) bool) error {
	shown := path.Join(dir, path.Base(file))
	if err := readable(root, file); err != nil {
		i.leftOut(shown, err)
		return nil
	}
	name, contentType, encoding := i.types.stored(path.Base(file))
	// # is not allowed in names everywhere.
	key := strings.ReplaceAll(path.Join(i.dir, dir, name), "#", "%23")
	if i.seen[key] {
		i.leftOut(shown, errSecond)
		return nil
	}
	i.seen[key] = true
	object := Object{
		Key:             key,
		ContentType:     contentType,
		ContentEncoding: encoding,
		Open:            func() (io.ReadCloser, error) { return i.open(root, file, shown) },
	}
	if !yield(object) {
		return errEnough
	}
	return nil
}

// readable refuses what is not a file and, since jobs make these folders as they
// like, links that lead out of them: we can read secrets that jobs cannot.
func readable(root *os.Root, file string) error {
	info, err := root.Stat(file)
	if err != nil {
		return err
	}
	return regular(info)
}

func regular(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("is no file but has mode %v", info.Mode())
	}
	return nil
}

func (i *items) open(root *os.Root, file, shown string) (io.ReadCloser, error) {
	content, err := OpenRegular(root, file)
	if err != nil || i.filter == nil {
		return content, err
	}
	return i.filter(shown, content)
}

// OpenRegular opens a file that no link may lead out of root to. It does not hang
// on a pipe that came in place of the file, but fails.
func OpenRegular(root *os.Root, file string) (*os.File, error) {
	f, err := root.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = regular(info)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
