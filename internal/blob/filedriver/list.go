// SPDX-License-Identifier: Apache-2.0

package filedriver

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gocloud.dev/blob/driver"
)

// pageSize is how many objects a page has; every page reads its folders anew.
const pageSize = 10_000

// ListPaged lists objects in order of keys. With the delimiter "/" it reads one
// folder, whatever lies below.
func (d *Driver) ListPaged(ctx context.Context, o *driver.ListOptions) (*driver.ListPage, error) {
	l := &lister{
		driver:    d,
		ctx:       ctx,
		prefix:    o.Prefix,
		delimiter: o.Delimiter,
		after:     string(o.PageToken),
		limit:     cmp.Or(o.PageSize, pageSize),
	}
	// Everything that the prefix fits is below its last slash.
	folder := o.Prefix[:strings.LastIndex(o.Prefix, "/")+1]
	path := d.dir
	if folder != "" {
		path = d.path(strings.TrimSuffix(folder, "/"))
	}
	if err := l.list(path, folder); err != nil && !errors.Is(err, errPageFull) {
		return nil, err
	}
	return &l.page, nil
}

var errPageFull = errors.New("page is full")

// lister makes one page of a listing.
type lister struct {
	driver            *Driver
	ctx               context.Context
	prefix, delimiter string
	after             string // key of the page before's last object
	limit             int
	page              driver.ListPage
}

// entry is a file or folder; a folder's key ends with a slash.
type entry struct {
	fs.DirEntry
	key string
}

// list adds what is in the folder of that path, whose key is "" or ends with a slash.
func (l *lister) list(path, folder string) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	entries, err := l.entries(path, folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			err = l.addFolder(filepath.Join(path, e.Name()), e)
		} else {
			err = l.addFile(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// entries returns what of the folder may be listed, in order of keys.
func (l *lister) entries(path, folder string) ([]entry, error) {
	all, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotFolder) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, e := range all {
		key := folder + keyOf(e.Name())
		if e.IsDir() {
			key += "/"
		} else if !e.Type().IsRegular() {
			continue
		}
		if folder == "" && e.Name() == hidden {
			continue
		}
		if strings.HasPrefix(key, l.prefix) || (e.IsDir() && strings.HasPrefix(l.prefix, key)) {
			entries = append(entries, entry{e, key})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	return entries, nil
}

// addFolder adds what is below the folder, or the folder itself when it is folded.
func (l *lister) addFolder(path string, e entry) error {
	if e.key < l.after && !strings.HasPrefix(l.after, e.key) {
		return nil // all below was on the pages before
	}
	if l.delimiter != "/" || len(e.key) <= len(l.prefix) {
		return l.list(path, e.key)
	}
	if e.key <= l.after || !holdsFile(path) {
		return nil
	}
	return l.add(&driver.ListObject{Key: e.key, IsDir: true})
}

func (l *lister) addFile(e entry) error {
	if l.delimiter != "" && l.delimiter != "/" {
		if before, _, ok := strings.Cut(e.key[len(l.prefix):], l.delimiter); ok {
			return l.addFolded(l.prefix + before + l.delimiter)
		}
	}
	if e.key <= l.after {
		return nil
	}
	info, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	return l.add(&driver.ListObject{Key: e.key, Size: info.Size(), ModTime: info.ModTime()})
}

// addFolded adds what several keys are folded into, once.
func (l *lister) addFolded(key string) error {
	if n := len(l.page.Objects); key <= l.after || (n > 0 && l.page.Objects[n-1].Key == key) {
		return nil
	}
	return l.add(&driver.ListObject{Key: key, IsDir: true})
}

func (l *lister) add(o *driver.ListObject) error {
	if n := len(l.page.Objects); n == l.limit {
		l.page.NextPageToken = []byte(l.page.Objects[n-1].Key)
		return errPageFull
	}
	l.page.Objects = append(l.page.Objects, o)
	return nil
}

// holdsFile reports whether there is a file somewhere below the folder.
func holdsFile(path string) bool {
	found := errors.New("found")
	err := filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			return found
		}
		return nil
	})
	return errors.Is(err, found)
}
