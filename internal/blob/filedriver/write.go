// SPDX-License-Identifier: Apache-2.0

package filedriver

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"gocloud.dev/blob/driver"
)

// writer is an object being written, under a name of its own until Close.
type writer struct {
	ctx        context.Context
	driver     *Driver
	key        string
	file       *os.File
	buf        *bufio.Writer
	attributes *attributes // nil when a reader finds the same without
	ifNotExist bool
}

// NewTypedWriter returns a writer whose Close puts the object.
func (d *Driver) NewTypedWriter(ctx context.Context, key, contentType string, o *driver.WriterOptions) (driver.Writer, error) {
	name := filepath.Join(d.unfinished(), rand.Text())
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return &writer{
		ctx:        ctx,
		driver:     d,
		key:        key,
		file:       file,
		buf:        bufio.NewWriterSize(file, 64<<10),
		attributes: newAttributes(contentType, o),
		ifNotExist: o.IfNotExist,
	}, nil
}

func (w *writer) Write(p []byte) (int, error) { return w.buf.Write(p) }

// Close puts the object, on disk, unless the writer's context has ended.
func (w *writer) Close() error {
	// After a rename there is nothing to remove, and no error to report.
	defer func() { _ = os.Remove(w.file.Name()) }()
	err := errors.Join(w.ctx.Err(), w.buf.Flush())
	if w.attributes.plain(typeOf(w.key, w.file)) {
		w.attributes = nil
	}
	path := w.driver.path(w.key)
	var folders []string
	if err == nil {
		folders, err = mkdirAll(filepath.Dir(path))
	}
	if err == nil {
		err = w.driver.sync(w.file)
	}
	if err := errors.Join(err, w.file.Close()); err != nil {
		return err
	}
	if w.ifNotExist {
		err = w.create(path)
	} else {
		err = w.replace(path)
	}
	if err != nil {
		return err
	}
	return w.driver.syncFolders(folders)
}

// create gives the file its name if that is free; link(2) takes no name twice.
func (w *writer) create(path string) error {
	if err := os.Link(w.file.Name(), path); err != nil {
		return err
	}
	// Only who owns the name may write attributes, hence after the link.
	if err := w.driver.putAttributes(w.key, w.attributes); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// replace gives the file its name, whoever has it now.
func (w *writer) replace(path string) error {
	if err := w.driver.putAttributes(w.key, w.attributes); err != nil {
		return err
	}
	return os.Rename(w.file.Name(), path)
}

// mkdirAll is os.MkdirAll. It returns the folders that are to be synced so that a new
// file in the one of that path survives a crash, beginning with that.
func mkdirAll(path string) (folders []string, err error) {
	folders = []string{path}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return folders, nil
	case err == nil:
		return nil, fmt.Errorf("%s is an object, and can be no folder", path)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	above, err := mkdirAll(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(path, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return append(folders, above...), nil
}

// syncFolders puts the names of the folders' files on disk.
func (d *Driver) syncFolders(paths []string) error {
	for _, path := range paths {
		folder, err := os.Open(path)
		if err != nil {
			return err
		}
		if err := errors.Join(d.sync(folder), folder.Close()); err != nil {
			return err
		}
	}
	return nil
}
