// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// Names by which a layer removes what layers below it have.
const (
	whiteoutPrefix = ".wh."
	opaqueWhiteout = ".wh..wh..opq"
)

// errTooManyLinks is a loop of symbolic links.
var errTooManyLinks = errors.New("too many symbolic links")

// Unpack unpacks one layer of an image, a tarball, into the directory root,
// over what the layers below have left there. Symbolic links are followed as
// inside a container, so nothing is written outside root, whatever the tarball
// says. Devices are left out, and so are owners, unless this process is root.
func Unpack(root string, tarball io.Reader) error {
	dir, err := os.OpenRoot(root)
	if err != nil {
		return fmt.Errorf("unpacking: %w", err)
	}
	defer dir.Close()
	u := &unpacker{root: dir, isRoot: os.Geteuid() == 0, seen: map[string]bool{}}
	entries := tar.NewReader(tarball)
	for {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("unpacking: %w", err)
		}
		if err := u.entry(header, entries); err != nil {
			return fmt.Errorf("unpacking %q: %w", header.Name, err)
		}
	}
	for i := len(u.dirs) - 1; i >= 0; i-- {
		// Filling it has changed its time.
		h := u.dirs[i]
		_ = dir.Chtimes(h.Name, h.AccessTime, h.ModTime)
	}
	// The digest is checked when all has been read.
	if _, err := io.Copy(io.Discard, tarball); err != nil {
		return fmt.Errorf("unpacking: %w", err)
	}
	return nil
}

// An unpacker unpacks one layer.
type unpacker struct {
	root   *os.Root
	isRoot bool
	seen   map[string]bool // this layer's own, and their parents, which its whiteouts spare
	dirs   []*tar.Header   // with the resolved path for a name
}

// entry unpacks one entry.
func (u *unpacker) entry(h *tar.Header, content io.Reader) error {
	parent, base := path.Split(path.Clean("/" + h.Name))
	if base == "" {
		return nil // the root itself
	}
	parent, err := u.parent(parent)
	if err != nil {
		return err
	}
	if base == opaqueWhiteout {
		return u.clear(parent)
	}
	if name, ok := strings.CutPrefix(base, whiteoutPrefix); ok {
		if name == "" || name == "." || name == ".." {
			return errors.New("whiteout of nothing")
		}
		return u.removeLower(path.Join(parent, name))
	}
	name := path.Join(parent, base)
	for own := name; own != "." && !u.seen[own]; own = path.Dir(own) {
		u.seen[own] = true
	}
	return u.create(name, h, content)
}

// create makes what h says at name, whose parents are real directories.
func (u *unpacker) create(name string, h *tar.Header, content io.Reader) error {
	info, err := u.root.Lstat(name)
	if err == nil && (!info.IsDir() || h.Typeflag != tar.TypeDir) {
		if err := u.root.RemoveAll(name); err != nil {
			return err
		}
	}
	switch h.Typeflag {
	case tar.TypeDir:
		if err := u.root.Mkdir(name, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		resolved := *h
		resolved.Name = name
		u.dirs = append(u.dirs, &resolved)
	case tar.TypeReg:
		if err := u.write(name, content); err != nil {
			return err
		}
	case tar.TypeSymlink:
		if err := u.root.Symlink(h.Linkname, name); err != nil {
			return err
		}
	case tar.TypeLink:
		linkParent, linkBase := path.Split(path.Clean("/" + h.Linkname))
		linkParent, err := u.parent(linkParent)
		if err != nil {
			return err
		}
		// The link shares the mode and owner of what it links to.
		return u.root.Link(path.Join(linkParent, linkBase), name)
	case tar.TypeFifo, tar.TypeChar, tar.TypeBlock:
		return nil
	default:
		return nil
	}
	return u.setAttributes(name, h)
}

func (u *unpacker) write(name string, content io.Reader) error {
	f, err := u.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}

// setAttributes gives name its owner, mode and time.
func (u *unpacker) setAttributes(name string, h *tar.Header) error {
	if u.isRoot {
		if err := u.root.Lchown(name, h.Uid, h.Gid); err != nil {
			return err
		}
	}
	if h.Typeflag == tar.TypeSymlink {
		return nil
	}
	mode := h.FileInfo().Mode() & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky)
	if h.Typeflag == tar.TypeDir && !u.isRoot {
		// An ordinary user must be able to fill and to remove it.
		mode |= 0o700
	}
	if err := u.root.Chmod(name, mode); err != nil {
		return err
	}
	return u.root.Chtimes(name, h.AccessTime, h.ModTime)
}

// parent follows the symbolic links of the directory dir, as inside a
// container, and makes what is missing of it. The result is relative to the
// root and free of links.
func (u *unpacker) parent(dir string) (string, error) {
	todo := strings.Split(dir, "/")
	done := "."
	for links := 0; len(todo) > 0; {
		name := todo[0]
		todo = todo[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			done = path.Dir(done)
			continue
		}
		next := path.Join(done, name)
		info, err := u.root.Lstat(next)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			err = u.root.Mkdir(next, 0o755)
		case err == nil && info.Mode()&fs.ModeSymlink != 0:
			if links++; links > 100 {
				return "", errTooManyLinks
			}
			to, err := u.root.Readlink(next)
			if err != nil {
				return "", err
			}
			if path.IsAbs(to) {
				done = "."
			}
			todo = append(strings.Split(to, "/"), todo...)
			continue
		case err == nil && !info.IsDir():
			err = &fs.PathError{Op: "unpack", Path: next, Err: syscall.ENOTDIR}
		}
		if err != nil {
			return "", err
		}
		done = next
	}
	return done, nil
}

// clear removes from dir what the layers below have put there.
func (u *unpacker) clear(dir string) error {
	entries, err := fs.ReadDir(u.root.FS(), dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := u.removeLower(path.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// removeLower removes name, but for what this layer itself has put there.
func (u *unpacker) removeLower(name string) error {
	if !u.seen[name] {
		return u.root.RemoveAll(name)
	}
	info, err := u.root.Lstat(name)
	if err != nil || !info.IsDir() {
		return err
	}
	return u.clear(name)
}
