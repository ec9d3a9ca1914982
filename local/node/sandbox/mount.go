// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A mountPoint is one line of this process's mount table.
type mountPoint struct {
	path    string
	fsType  string
	options string
}

type mountTable []mountPoint

// readMounts reads this process's mount table, in the order of mounting.
func readMounts() (mountTable, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("reading the mount table: %w", err)
	}
	defer f.Close()
	var table mountTable
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		// 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw
		fields := strings.Fields(lines.Text())
		for i, field := range fields {
			if field == "-" && i >= 6 && i+1 < len(fields) {
				table = append(table, mountPoint{path: unescapeOctal(fields[4]), fsType: fields[i+1], options: fields[5]})
				break
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the mount table: %w", err)
	}
	return table, nil
}

// unescapeOctal undoes the mount table's \040 for a space, and the like.
func unescapeOctal(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// bind shows source, and everything mounted below it, at target too.
func bind(source, target string) error {
	if err := unix.Mount(source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("binding %s: %w", source, err)
	}
	return nil
}

// bindReadOnly is bind, without a way to write to source.
func bindReadOnly(source, target string) error {
	if err := bind(source, target); err != nil {
		return err
	}
	return makeReadOnly(target)
}

// makeReadOnly makes the mount at target and those below it read-only.
func makeReadOnly(target string) error {
	attr := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	err := unix.MountSetattr(unix.AT_FDCWD, target, unix.AT_RECURSIVE, attr)
	if !errors.Is(err, unix.ENOSYS) {
		return err
	}
	// Kernels before 5.12: one by one.
	table, err := readMounts()
	if err != nil {
		return err
	}
	for _, m := range table {
		if m.path == target || below(m.path, target) {
			if err := remount(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// remountReadOnly makes the one mount at path read-only.
func remountReadOnly(path string) error {
	table, err := readMounts()
	if err != nil {
		return err
	}
	last := mountPoint{path: path}
	for _, m := range table {
		if m.path == path {
			last = m
		}
	}
	return remount(last)
}

// remount makes m read-only and keeps its other options, as a user namespace
// requires.
func remount(m mountPoint) error {
	flags := uintptr(unix.MS_REMOUNT | unix.MS_BIND | unix.MS_RDONLY)
	known := map[string]uintptr{
		"nosuid": unix.MS_NOSUID, "nodev": unix.MS_NODEV, "noexec": unix.MS_NOEXEC,
		"noatime": unix.MS_NOATIME, "nodiratime": unix.MS_NODIRATIME, "relatime": unix.MS_RELATIME,
	}
	for option := range strings.SplitSeq(m.options, ",") {
		flags |= known[option]
	}
	return unix.Mount("", m.path, "", flags, "")
}

// mountVolume performs m; the machine's root is at old.
func mountVolume(old string, m Mount) error {
	source := old + m.Source
	if m.SubPath != "" {
		f, err := openSubPath(source, m.SubPath)
		if err != nil {
			return fmt.Errorf("subPath %q: %w", m.SubPath, err)
		}
		defer f.Close()
		source = "/proc/self/fd/" + strconv.Itoa(int(f.Fd()))
	}
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if info.IsDir() {
		err = os.MkdirAll(m.Target, 0o755)
	} else if err = os.MkdirAll(filepath.Dir(m.Target), 0o755); err == nil {
		err = touch(m.Target)
	}
	if err != nil {
		return fmt.Errorf("making the mount point: %w", err)
	}
	if err := bind(source, m.Target); err != nil {
		return err
	}
	if m.ReadOnly {
		return makeReadOnly(m.Target)
	}
	return nil
}

// openSubPath opens sub inside dir, made when missing, without being led out
// of dir by a symbolic link, even one that appears meanwhile.
func openSubPath(dir, sub string) (*os.File, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if _, err := root.Stat(sub); errors.Is(err, fs.ErrNotExist) {
		if err := root.MkdirAll(sub, 0o777); err != nil {
			return nil, err
		}
	}
	at, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer at.Close()
	fd, err := unix.Openat2(int(at.Fd()), sub, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), sub), nil
}

// touch makes an empty file at path unless there is something.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// mkdirLike makes the directory path with the mode of the directory like, and
// its owner where possible.
func mkdirLike(like, path string) error {
	info, err := os.Stat(like)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		_ = os.Lchown(path, int(stat.Uid), int(stat.Gid))
	}
	return os.Chmod(path, info.Mode()&(fs.ModePerm|fs.ModeSticky|fs.ModeSetgid))
}
