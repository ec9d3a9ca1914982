// SPDX-License-Identifier: Apache-2.0

// Package filedriver keeps a bucket's objects as plain files in a folder, for
// internal/blob.
//
// It changes that folder only. The layout is what a person would expect: the
// object "logs/x/build-log.txt" is that file. What a file cannot hold (content
// encoding, metadata, an unusual content type) lies under the hidden folder
// ".cutwater" of the root, which listings do not show; most objects need none.
//
// It exists because gocloud.dev's fileblob promises less than our other buckets do:
// its IfNotExist looks first and renames later, so that two creators can both
// succeed; nothing is synced to disk; each listing walks all below; and every object
// gets a second file.
package filedriver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"
)

// hidden is the folder of the root where attributes and unfinished writes are.
const hidden = ".cutwater"

// errUnsupported says that a folder cannot do what was asked.
var errUnsupported = errors.New("not supported by folders")

// Driver is a gocloud driver.Bucket over a folder.
type Driver struct {
	dir  string
	sync func(*os.File) error // to disk
}

// Open returns a driver over the folder, which is made when it is not there.
func Open(dir string) (*Driver, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	d := &Driver{dir: abs, sync: (*os.File).Sync}
	if err := os.MkdirAll(d.unfinished(), 0o777); err != nil {
		return nil, err
	}
	d.removeLeftovers(time.Now().Add(-leftoverAge))
	return d, nil
}

// leftoverAge is how long nothing was written to a file before its writer must
// have been killed.
const leftoverAge = 24 * time.Hour

// removeLeftovers removes what was being written and is older than before. What
// it may not remove is for somebody else to remove, so it does not fail.
func (d *Driver) removeLeftovers(before time.Time) {
	entries, err := os.ReadDir(d.unfinished())
	if err != nil {
		return
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.ModTime().Before(before) {
			_ = os.Remove(filepath.Join(d.unfinished(), e.Name())) // see above
		}
	}
}

// ErrorCode classifies what the other methods return.
func (*Driver) ErrorCode(err error) gcerrors.ErrorCode {
	switch {
	case errors.Is(err, errUnsupported):
		return gcerrors.Unimplemented
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errNotFolder):
		return gcerrors.NotFound
	case errors.Is(err, fs.ErrExist):
		return gcerrors.FailedPrecondition
	case errors.Is(err, fs.ErrPermission):
		return gcerrors.PermissionDenied
	case errors.Is(err, context.Canceled):
		return gcerrors.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return gcerrors.DeadlineExceeded
	}
	return gcerrors.Unknown
}

// As offers no types of its own.
func (*Driver) As(any) bool { return false }

// ErrorAs lets errors be matched as *fs.PathError.
func (*Driver) ErrorAs(err error, target any) bool {
	if p, ok := target.(**fs.PathError); ok {
		return errors.As(err, p)
	}
	return false
}

// Close frees nothing: the driver holds nothing open.
func (*Driver) Close() error { return nil }

// Copy is not supported.
func (*Driver) Copy(context.Context, string, string, *driver.CopyOptions) error {
	return errUnsupported
}

// SignedURL is not supported.
func (*Driver) SignedURL(context.Context, string, *driver.SignedURLOptions) (string, error) {
	return "", errUnsupported
}

// Delete removes the object's file.
func (d *Driver) Delete(_ context.Context, key string, _ *driver.DeleteOptions) error {
	path := d.path(key)
	if info, err := os.Stat(path); err != nil {
		return err
	} else if info.IsDir() {
		return fmt.Errorf("%s is a folder: %w", path, fs.ErrNotExist)
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return d.removeAttributes(key)
}
