// SPDX-License-Identifier: Apache-2.0

// Package filelock takes locks between processes, which the kernel frees when
// their holders die.
//
// Started by builds of programs, and by who starts and stops test clusters.
// Changes: nothing but the files and folders that are locked, which it makes.
// In Prow: nothing.
package filelock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// askEvery is how often a lock is asked for that another process has.
const askEvery = 100 * time.Millisecond

// errLocked says that another has the lock.
var errLocked = errors.New("it is locked")

// File locks the file at path. What it waits for, if it does, is written to
// progress, and is in the error when ctx ends meanwhile.
func File(ctx context.Context, path, waiting string, progress io.Writer) (unlock func(), err error) {
	return lock(ctx, waiting, progress, func() (*os.File, error) { return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644) })
}

// Folder is File for a folder.
func Folder(ctx context.Context, path, waiting string, progress io.Writer) (unlock func(), err error) {
	return lock(ctx, waiting, progress, func() (*os.File, error) {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return nil, err
		}
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errLocked // whoever has just removed it
		}
		return file, err
	})
}

func lock(ctx context.Context, waiting string, progress io.Writer, open func() (*os.File, error)) (unlock func(), err error) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for told := false; ; told = true {
		file, err := try(open)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, errLocked) {
			return nil, fmt.Errorf("locking: %w", err)
		}
		if !told {
			fmt.Fprintln(progress, waiting)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: %w", waiting, ctx.Err())
		}
	}
}

// try locks once. What another has just removed counts as locked: a lock on what
// is gone keeps nobody out.
func try(open func() (*os.File, error)) (*os.File, error) {
	file, err := open()
	if err != nil {
		return nil, err
	}
	if err := locked(file); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

func locked(file *os.File) error {
	err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errLocked
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file.Name(), err)
	}
	ours, err := file.Stat()
	if err != nil {
		return err
	}
	if there, err := os.Stat(file.Name()); err != nil || !os.SameFile(ours, there) {
		return errLocked
	}
	return nil
}
