// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mountProc mounts the process tree's own /proc, or, where the kernel does
// not allow that (inside some containers), shows the machine's.
func (b *builder) mountProc(old string) error {
	if err := os.MkdirAll("/proc", 0o555); err != nil {
		return fmt.Errorf("making /proc: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		if bindErr := bind(old+"/proc", "/proc"); bindErr != nil {
			return fmt.Errorf("mounting /proc: %w", err)
		}
	}
	if b.spec.Privileged || b.spec.Isolation != Root {
		return nil
	}
	// Real root could change the machine's kernel through these.
	for _, path := range []string{"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"} {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if err := bindReadOnly(path, path); err != nil {
			return fmt.Errorf("protecting %s: %w", path, err)
		}
	}
	for _, path := range []string{"/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/kmsg"} {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if err := bind(old+"/dev/null", path); err != nil {
			return fmt.Errorf("covering %s: %w", path, err)
		}
	}
	return nil
}

// mountSys shows the machine's /sys, read-only.
func (b *builder) mountSys(old string) error {
	if err := os.MkdirAll("/sys", 0o555); err != nil {
		return fmt.Errorf("making /sys: %w", err)
	}
	if err := bind(old+"/sys", "/sys"); err != nil {
		return err
	}
	if b.spec.Privileged {
		return nil
	}
	if err := makeReadOnly("/sys"); err != nil {
		return fmt.Errorf("protecting /sys: %w", err)
	}
	return nil
}

// mountDev makes a /dev with the harmless devices, or, for the privileged,
// shows the machine's.
func (b *builder) mountDev(old string) error {
	if err := os.MkdirAll("/dev", 0o755); err != nil {
		return fmt.Errorf("making /dev: %w", err)
	}
	if err := unix.Mount("tmpfs", "/dev", "tmpfs", unix.MS_NOSUID, "mode=0755,size=1m"); err != nil {
		return fmt.Errorf("mounting /dev: %w", err)
	}
	devices := []string{"null", "zero", "full", "random", "urandom", "tty"}
	if b.spec.Privileged {
		devices = b.allDevices(old)
	}
	for _, name := range devices {
		if err := bindDevice(old+"/dev/"+name, "/dev/"+name); err != nil {
			return fmt.Errorf("showing /dev/%s: %w", name, err)
		}
	}
	for _, dir := range []string{"/dev/pts", "/dev/shm"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return fmt.Errorf("making %s: %w", dir, err)
		}
	}
	if err := unix.Mount("devpts", "/dev/pts", "devpts", unix.MS_NOSUID|unix.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620"); err != nil {
		if bindErr := bind(old+"/dev/pts", "/dev/pts"); bindErr != nil {
			return fmt.Errorf("mounting /dev/pts: %w", err)
		}
	}
	if err := unix.Mount("tmpfs", "/dev/shm", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=1777"); err != nil {
		return fmt.Errorf("mounting /dev/shm: %w", err)
	}
	links := map[string]string{
		"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
	}
	for name, to := range links {
		if err := os.Symlink(to, "/dev/"+name); err != nil {
			return fmt.Errorf("making /dev/%s: %w", name, err)
		}
	}
	return nil
}

// allDevices lists what is in the machine's /dev, but for what this root has
// of its own.
func (b *builder) allDevices(old string) []string {
	entries, err := os.ReadDir(old + "/dev")
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		switch e.Name() {
		case "pts", "shm", "ptmx", "fd", "stdin", "stdout", "stderr", "core":
			continue
		}
		if e.Type()&os.ModeSymlink == 0 {
			names = append(names, e.Name())
		}
	}
	return names
}

// bindDevice shows a device, or a directory of them.
func bindDevice(source, target string) error {
	info, err := os.Stat(source)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.IsDir() {
		err = os.Mkdir(target, 0o755)
	} else {
		err = touch(target)
	}
	if err != nil {
		return err
	}
	return bind(source, target)
}
