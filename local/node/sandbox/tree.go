// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// RemoveAll is os.RemoveAll for what sandboxed processes have left behind:
// directories that nobody but root may look into or change.
func RemoveAll(dir string) error {
	if err := os.RemoveAll(dir); err == nil {
		return nil
	}
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		// A directory is visited before it is read, and again if that fails.
		if e != nil && e.IsDir() {
			_ = os.Chmod(path, 0o700) //nolint:gosec // G122: those who could race have ended
		}
		return nil
	})
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing a container's files: %w", err)
	}
	return nil
}

// copyTree copies the directory from to the new directory to, with modes,
// links and, where possible, owners. Devices and the like are left out.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		info, err := e.Info()
		if err != nil {
			return err
		}
		switch {
		case e.IsDir():
			return mkdirLike(path, target)
		case e.Type()&fs.ModeSymlink != 0:
			link, err := os.Readlink(path)
			if err == nil {
				err = os.Symlink(link, target) //nolint:gosec // G122: an image's folder, which nobody changes
			}
			if err != nil {
				return err
			}
		case e.Type().IsRegular():
			if err := copyFile(path, target, info.Mode()); err != nil {
				return err
			}
		default:
			return nil
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			_ = os.Lchown(target, int(stat.Uid), int(stat.Gid))
		}
		return nil
	})
}

func copyFile(from, to string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode.Perm())
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return err
	}
	if err := out.Chmod(mode); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}
