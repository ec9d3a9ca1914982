// SPDX-License-Identifier: Apache-2.0

package upload

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// items finds, one by one, what the options name: there may be very many.
type items struct {
	*run
	links []Object
	seen  map[uint64]bool // hashes of keys
	roots []*os.Root
}

const (
	// maxKey is how many bytes a key may have in S3 and Google Cloud Storage.
	maxKey = 1024
	// maxNames is about how many names of a folder are read at once, and sorted.
	maxNames = 100_000
)

var (
	errSecond  = errors.New("another file is stored under the same name")
	errLongKey = fmt.Errorf("its path in the bucket is longer than %d bytes", maxKey)
)

// newItems are the links and the options' items.
func (u *run) newItems(links []Object) *items {
	return &items{run: u, links: links, seen: map[uint64]bool{}}
}

func (i *items) close() {
	for _, root := range i.roots {
		_ = root.Close() // only read
	}
}

func (i *items) all() iter.Seq[Object] {
	return func(yield func(Object) bool) {
		for _, link := range i.links {
			i.seen[i.hash(link.Key)] = true
			if !yield(link) {
				return
			}
		}
		for _, item := range i.options.Items {
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
		return i.file(root, name, name, yield)
	}
	// By way of its parent, since a job may have put a link in the folder's place.
	if root, err = root.OpenRoot(name); err != nil {
		return err
	}
	i.roots = append(i.roots, root)
	return i.folder(root, ".", info.Name(), yield)
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

// folder yields all files below a folder, in the order of their names: which of two
// files of the same key is stored shall not depend on the disk. Its path begins with
// the item's name.
func (i *items) folder(root *os.Root, name, shown string, yield func(Object) bool) error {
	if len(i.key(shown)) >= maxKey {
		i.leftOut(shown, errLongKey)
		return nil
	}
	folder, err := root.Open(name)
	if err != nil {
		i.leftOut(shown, err)
		return nil
	}
	defer func() { _ = folder.Close() }() // only read
	for more := true; more; {
		var entries []entry
		if entries, more, err = readEntries(folder); err != nil {
			i.leftOut(shown, err)
		}
		for _, e := range entries {
			if err := i.entry(root, path.Join(name, e.name), path.Join(shown, e.name), e.kind, yield); err != nil {
				return err
			}
		}
	}
	return nil
}

// entry is what is needed to know of a file; there may be very many.
type entry struct {
	name string
	kind fs.FileMode
}

// readEntries returns the next entries of a folder, in order.
func readEntries(folder *os.File) (entries []entry, more bool, err error) {
	for len(entries) < maxNames {
		some, err := folder.ReadDir(1_000)
		for _, e := range some {
			entries = append(entries, entry{e.Name(), e.Type()})
		}
		if err != nil {
			slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
			if err == io.EOF {
				err = nil
			}
			return entries, false, err
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return entries, true, nil
}

// entry yields a file, or what is below a folder. As in Prow, links to files are
// followed; those to folders are not.
func (i *items) entry(root *os.Root, name, shown string, kind fs.FileMode, yield func(Object) bool) error {
	switch {
	case kind.IsDir():
		return i.folder(root, name, shown, yield)
	case kind.IsRegular():
		return i.regular(root, name, shown, yield)
	}
	return i.file(root, name, shown, yield)
}

// file yields a file, if it is one.
func (i *items) file(root *os.Root, name, shown string, yield func(Object) bool) error {
	// Jobs make these folders as they like, and links may lead out of them: we can
	// read secrets that jobs cannot.
	info, err := root.Stat(name)
	if err != nil {
		i.leftOut(shown, why(root, name, err))
		return nil
	}
	if err := regular(info); err != nil {
		i.leftOut(shown, err)
		return nil
	}
	return i.regular(root, name, shown, yield)
}

// regular yields a file.
func (i *items) regular(root *os.Root, name, shown string, yield func(Object) bool) error {
	stored, contentType, encoding := i.types.stored(path.Base(shown))
	key := i.key(path.Join(path.Dir(shown), stored))
	if len(key) > maxKey {
		i.leftOut(shown, errLongKey)
		return nil
	}
	hash := i.hash(key)
	if i.seen[hash] {
		i.leftOut(shown, errSecond)
		return nil
	}
	i.seen[hash] = true
	if !yield(Object{
		Key:             key,
		ContentType:     contentType,
		ContentEncoding: encoding,
		Open:            func() (io.ReadCloser, error) { return i.open(root, name, shown) },
	}) {
		return errEnough
	}
	return nil
}

// key is the key of a path in the run's folder. # is not allowed everywhere, and
// neither are bytes that are no text.
func (i *items) key(shown string) string {
	key := strings.ReplaceAll(path.Join(i.dir, shown), "#", "%23")
	if utf8.ValidString(key) {
		return key
	}
	var valid strings.Builder
	for rest := key; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&valid, "%%%02X", rest[0])
		} else {
			valid.WriteString(rest[:size])
		}
		rest = rest[size:]
	}
	return valid.String()
}
