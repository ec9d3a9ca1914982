// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// enterRoot makes the root file system that spec asks for and moves this
// process into it, so that the machine's is out of reach.
func enterRoot(spec *Spec) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("separating the mounts: %w", err)
	}
	b := &builder{spec: spec, root: filepath.Join(spec.Dir, "root")}
	if err := b.prepare(); err != nil {
		return err
	}
	build := b.machineRoot
	if spec.Image != "" {
		build = b.imageRoot
	}
	if err := build(); err != nil {
		return err
	}
	old, err := pivot(b.root)
	if err != nil {
		return err
	}
	if err := b.furnish(old); err != nil {
		return err
	}
	if err := unix.Unmount(old, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("letting go of the machine's root: %w", err)
	}
	if err := os.Remove(old); err != nil {
		return fmt.Errorf("removing the mount point of the machine's root: %w", err)
	}
	// While the root can still be written to.
	if err := enterWorkingDir(spec.WorkingDir, true); err != nil {
		return err
	}
	if spec.ReadOnlyRoot {
		return b.freeze()
	}
	return nil
}

// pivot makes root this process's root and returns where the machine's is to
// be found in it: a name that nothing in an image could have foreseen.
func pivot(root string) (string, error) {
	old := "/.machine-" + rand.Text()
	if err := os.Mkdir(root+old, 0o700); err != nil {
		return "", fmt.Errorf("making a mount point for the machine's root: %w", err)
	}
	if err := unix.PivotRoot(root, root+old); err != nil {
		return "", fmt.Errorf("changing the root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return "", fmt.Errorf("entering the new root: %w", err)
	}
	return old, nil
}

// A builder builds one root file system.
type builder struct {
	spec *Spec
	root string // where, on the machine
	// memory is a file system in memory, for changes that Dir cannot hold.
	memory string
	// writable are the mounts that ReadOnlyRoot makes read-only: paths inside
	// the root.
	writable []string
}

// prepare makes the directories of the build.
func (b *builder) prepare() error {
	if err := os.MkdirAll(b.root, 0o755); err != nil {
		return fmt.Errorf("preparing the container's directory: %w", err)
	}
	return nil
}

// imageRoot makes the root from an unpacked image, whose directory stays as
// it is: by overlayfs, else by a copy.
func (b *builder) imageRoot() error {
	err := b.overlay(b.spec.Image, b.root, onDisk, "image")
	if err == nil {
		b.writable = append(b.writable, "/")
		return nil
	}
	copied := filepath.Join(b.spec.Dir, "copy")
	if copyErr := copyTree(b.spec.Image, copied); copyErr != nil {
		return fmt.Errorf("copying the image (no overlay: %w): %w", err, copyErr)
	}
	b.writable = append(b.writable, "/")
	return bind(copied, b.root)
}

// overlay shows lower at target, with changes kept at place, under name.
func (b *builder) overlay(lower, target, place, name string) error {
	var err error
	if place == onDisk {
		if err = b.overlayWith(b.spec.Dir, lower, target, name); err == nil {
			return nil
		}
		// Dir can be below lower, or itself on an overlay: neither is allowed.
	}
	if err := b.haveMemory(); err != nil {
		return err
	}
	if again := b.overlayWith(b.memory, lower, target, name); again != nil {
		return fmt.Errorf("overlay of %s: %w", lower, errors.Join(err, again))
	}
	return nil
}

// haveMemory mounts the file system in memory, once.
func (b *builder) haveMemory() error {
	if b.memory != "" {
		return nil
	}
	memory := filepath.Join(b.spec.Dir, "memory")
	if err := os.MkdirAll(memory, 0o700); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", memory, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
		return fmt.Errorf("mounting memory: %w", err)
	}
	b.memory = memory
	return nil
}

func (b *builder) overlayWith(dir, lower, target, name string) error {
	upper, work := filepath.Join(dir, "changes", name), filepath.Join(dir, "work", name)
	if err := os.MkdirAll(work, 0o700); err != nil {
		return err
	}
	if err := mkdirLike(lower, upper); err != nil {
		return err
	}
	if b.spec.Image == "" {
		if err := b.prepareMountPoints(lower, upper); err != nil {
			return err
		}
	}
	escape := strings.NewReplacer(`\`, `\\`, `:`, `\:`, `,`, `\,`)
	data := "lowerdir=" + escape.Replace(lower) + ",upperdir=" + escape.Replace(upper) + ",workdir=" + escape.Replace(work)
	if b.spec.Isolation == UserNamespace {
		data += ",userxattr"
	}
	return unix.Mount("overlay", target, "overlay", unix.MS_NODEV, data)
}

// prepareMountPoints makes in upper the directories that the mount points
// missing below lower need: there they belong to this user, while those of
// lower may not.
func (b *builder) prepareMountPoints(lower, upper string) error {
	for _, m := range b.spec.Mounts {
		target := resolveExisting(m.Target)
		if !below(target, lower) {
			continue
		}
		if _, err := os.Stat(target); err == nil {
			continue
		}
		path := ""
		for name := range strings.SplitSeq(strings.TrimPrefix(filepath.Dir(target), lower), "/") {
			path = filepath.Join(path, name)
			like := filepath.Join(lower, path)
			if _, err := os.Stat(like); err != nil {
				like = lower
			}
			if err := mkdirLike(like, filepath.Join(upper, path)); err != nil {
				return err
			}
		}
	}
	return nil
}

// furnish mounts into the root, in which the process already is, what every
// process needs, and then the spec's mounts. The machine's root is at old.
func (b *builder) furnish(old string) error {
	if err := b.mountProc(old); err != nil {
		return err
	}
	if err := b.mountSys(old); err != nil {
		return err
	}
	if err := b.mountDev(old); err != nil {
		return err
	}
	if err := makeTmp(); err != nil {
		return err
	}
	mounts := slices.Clone(b.spec.Mounts)
	slices.SortStableFunc(mounts, func(a, c Mount) int {
		return strings.Count(filepath.Clean(a.Target), "/") - strings.Count(filepath.Clean(c.Target), "/")
	})
	for _, m := range mounts {
		if err := mountVolume(old, m); err != nil {
			return fmt.Errorf("mounting %s: %w", m.Target, err)
		}
	}
	return nil
}

// freeze makes the root itself read-only, but nothing mounted below it.
func (b *builder) freeze() error {
	for _, path := range b.writable {
		if err := remountReadOnly(path); err != nil {
			return fmt.Errorf("making %s read-only: %w", path, err)
		}
	}
	return nil
}

// makeTmp sees to /tmp, which some images lack.
func makeTmp() error {
	err := os.Mkdir("/tmp", 0o777)
	if os.IsExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("making /tmp: %w", err)
	}
	return os.Chmod("/tmp", 0o777|os.ModeSticky)
}
