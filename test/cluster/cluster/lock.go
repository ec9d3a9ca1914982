// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// lock keeps others from starting or stopping clusters until it is unlocked. It
// waits for those that do, until ctx ends.
func (c *Cluster) lock(ctx context.Context) (unlock func(), err error) {
	const what = "waiting for another start or stop of a cluster"
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for told := false; ; told = true {
		unlock, err := tryLock(filepath.Dir(c.settings.Dir))
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return unlock, err
		}
		if !told {
			c.tell(what)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: %w", what, ctx.Err())
		}
	}
}

// tryLock locks a folder, which it makes. The error is EWOULDBLOCK if another has
// it locked, or has just removed it: the last stop does, and a lock on what is
// gone keeps nobody out.
func tryLock(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	file, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, unix.EWOULDBLOCK
	}
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	locked, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	if there, err := os.Stat(dir); err != nil || !os.SameFile(locked, there) {
		_ = file.Close()
		return nil, unix.EWOULDBLOCK
	}
	return func() { _ = file.Close() }, nil
}
