// SPDX-License-Identifier: Apache-2.0

package filedriver

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"gocloud.dev/blob/driver"
)

// errNotFolder is what looking below an object fails with, so that nothing is there.
const errNotFolder = syscall.ENOTDIR

// open opens the object's file; the error is fs.ErrNotExist when there is none.
func (d *Driver) open(key string) (*os.File, fs.FileInfo, error) {
	path := d.path(key)
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	// Opening a pipe would block.
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is no file: %w", path, fs.ErrNotExist)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	// The name may stand for another file by now.
	if info, err = file.Stat(); err != nil {
		_ = file.Close() // that of Stat says more
		return nil, nil, err
	}
	return file, info, nil
}

type reader struct {
	io.Reader
	io.Closer
	attributes driver.ReaderAttributes
}

func (r *reader) Attributes() *driver.ReaderAttributes { return &r.attributes }

func (r *reader) As(any) bool { return false }

// NewRangeReader opens length bytes of the object from offset on, all if negative.
func (d *Driver) NewRangeReader(_ context.Context, key string, offset, length int64, _ *driver.ReaderOptions) (driver.Reader, error) {
	file, info, err := d.open(key)
	if err != nil {
		return nil, err
	}
	a, err := d.attributesOf(key, file)
	if err != nil {
		_ = file.Close() // that of the attributes says more
		return nil, err
	}
	if length < 0 {
		length = max(info.Size()-offset, 0)
	}
	return &reader{
		Reader: io.NewSectionReader(file, offset, length),
		Closer: file,
		attributes: driver.ReaderAttributes{
			ContentType: a.ContentType,
			ModTime:     info.ModTime(),
			Size:        info.Size(),
		},
	}, nil
}
