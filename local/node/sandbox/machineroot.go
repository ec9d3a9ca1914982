// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// machineRoot makes the root from this machine's own. Nothing of the machine
// can be changed through it: the directories at the top that programs are wont
// to write to are overlays, and the others, or where that is not allowed,
// read-only views.
func (b *builder) machineRoot() error {
	if err := unix.Mount("tmpfs", b.root, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
		return fmt.Errorf("mounting the root: %w", err)
	}
	b.writable = append(b.writable, "/")
	table, err := readMounts()
	if err != nil {
		return err
	}
	entries, err := os.ReadDir("/")
	if err != nil {
		return fmt.Errorf("listing the machine's root: %w", err)
	}
	for _, e := range entries {
		path := "/" + e.Name()
		switch path {
		case "/proc", "/sys", "/dev":
			continue // furnish makes them
		case "/tmp":
			if err := os.Mkdir(b.root+"/tmp", 0o777); err != nil {
				return err
			}
			if err := os.Chmod(b.root+"/tmp", 0o777|os.ModeSticky); err != nil {
				return err
			}
			continue
		}
		if err := b.topLevel(path, e, table); err != nil {
			return fmt.Errorf("showing %s: %w", path, err)
		}
	}
	return b.hide()
}

// topLevel shows one entry of the machine's root.
func (b *builder) topLevel(path string, e fs.DirEntry, table mountTable) error {
	if !e.IsDir() {
		return b.showEntry(path, e)
	}
	if err := mkdirLike(path, b.root+path); err != nil {
		return err
	}
	if place := b.changesTo(path); place != "" && b.overlay(path, b.root+path, place, e.Name()) == nil {
		b.writable = append(b.writable, path)
		b.showSubmounts(path, table)
		return nil
	}
	return b.showDir(path)
}

// Where changes are kept.
const (
	onDisk   = "disk"
	inMemory = "memory"
)

// changesTo is where changes to a directory at the top are kept: in memory
// where there are few, for that is faster; "" means that it is read-only.
func (b *builder) changesTo(path string) string {
	switch path {
	case "/etc", "/run":
		return inMemory
	case "/home", "/opt", "/root", "/usr", "/var":
		return onDisk
	}
	for _, e := range b.spec.Env {
		if home, ok := strings.CutPrefix(e, "HOME="); ok && below(home, path) {
			return onDisk
		}
	}
	return ""
}

// showSubmounts shows what is mounted below path, which an overlay of path
// leaves out. What cannot be shown stays out.
func (b *builder) showSubmounts(path string, table mountTable) {
	var shown []string
	for _, m := range table {
		if !below(m.path, path) || below(m.path, b.spec.Dir) || m.path == b.root || m.fsType == "autofs" || m.fsType == "nsfs" ||
			belowAny(m.path, b.spec.Hide) || belowAny(m.path, shown) {
			continue
		}
		if _, err := os.Lstat(b.root + m.path); err != nil {
			continue
		}
		if err := bindReadOnly(m.path, b.root+m.path); err == nil {
			shown = append(shown, m.path)
		}
	}
}

// showDir shows the directory path read-only, its mounts included. Where a
// mount point is missing below it, the directory is put together anew from
// its entries, so that the mount point can be made without touching the
// machine.
func (b *builder) showDir(path string) error {
	target := b.root + path
	if !b.lacksMountPoint(path) {
		return bindReadOnly(path, target)
	}
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil // empty, as good as unreadable
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		child := filepath.Join(path, e.Name())
		if e.IsDir() {
			if err = mkdirLike(child, b.root+child); err == nil {
				err = b.showDir(child)
			}
		} else {
			err = b.showEntry(child, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// showEntry shows what is no directory: a link by its like, a file read-only,
// and nothing else.
func (b *builder) showEntry(path string, e fs.DirEntry) error {
	switch {
	case e.Type()&fs.ModeSymlink != 0:
		to, err := os.Readlink(path)
		if err != nil {
			return err
		}
		return os.Symlink(to, b.root+path)
	case e.Type().IsRegular():
		if err := touch(b.root + path); err != nil {
			return err
		}
		return bindReadOnly(path, b.root+path)
	}
	return nil
}

// lacksMountPoint says whether something is to be mounted below path where
// the machine has nothing to mount it on.
func (b *builder) lacksMountPoint(path string) bool {
	for _, m := range b.spec.Mounts {
		target := resolveExisting(m.Target)
		if !below(target, path) {
			continue
		}
		if _, err := os.Stat(target); err != nil {
			return true
		}
	}
	return false
}

// hide covers the directories that the process shall find empty.
func (b *builder) hide() error {
	for _, path := range b.spec.Hide {
		target := b.root + path
		if info, err := os.Lstat(target); err != nil || !info.IsDir() {
			continue // not shown at all
		}
		// Writable, for a mount point may be below.
		if err := unix.Mount("tmpfs", target, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
			return fmt.Errorf("hiding %s: %w", path, err)
		}
	}
	return nil
}

// resolveExisting follows the symbolic links of path as far as it exists.
func resolveExisting(path string) string {
	rest := ""
	for dir := filepath.Clean(path); ; dir = filepath.Dir(dir) {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(real, rest)
		}
		if dir == "/" || dir == "." {
			return filepath.Clean(path)
		}
		rest = filepath.Join(filepath.Base(dir), rest)
	}
}

// below says whether path is strictly below dir.
func below(path, dir string) bool {
	return strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/") && path != dir
}

// belowAny says whether path is one of dirs or below one.
func belowAny(path string, dirs []string) bool {
	for _, dir := range dirs {
		if path == dir || below(path, dir) {
			return true
		}
	}
	return false
}
