// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// dropPrivileges makes this thread the user of spec with no more capabilities
// than spec grants, for good.
func dropPrivileges(spec *Spec) error {
	if spec.Isolation == Root {
		if err := setUser(spec.UID, spec.GID, spec.Groups, func() error { return limitCapabilities(spec) }); err != nil {
			return err
		}
	}
	if spec.Isolation == UserNamespace {
		if err := limitCapabilities(spec); err != nil {
			return err
		}
	}
	if spec.NoNewPrivileges {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("setting no_new_privs: %w", err)
		}
	}
	// The change of user has cleared it.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("setting the parent death signal: %w", err)
	}
	return nil
}

// setUser changes this thread's groups and user; between them, while it still
// may, it calls limit.
func setUser(uid, gid int, groups []int, limit func() error) error {
	// The system calls are made raw, for package syscall's change all threads
	// of the process, of which there is no need.
	list := make([]uint32, len(groups)+1)
	for i, g := range groups {
		list[i] = uint32(g)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(groups)), uintptr(unsafe.Pointer(&list[0])), 0); errno != 0 { //nolint:gosec // G103: the call wants a pointer
		return fmt.Errorf("setting supplementary groups: %w", errno)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESGID, uintptr(gid), uintptr(gid), uintptr(gid)); errno != 0 {
		return fmt.Errorf("becoming group %d: %w", gid, errno)
	}
	if err := limit(); err != nil {
		return err
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); errno != 0 {
		return fmt.Errorf("becoming user %d: %w", uid, errno)
	}
	return nil
}

// limitCapabilities removes from this thread's bounding set what spec does not
// grant, and everything that would outlast the next execve.
func limitCapabilities(spec *Spec) error {
	keep := grantedCapabilities(spec)
	for c := range uintptr(lastCapability + 1) {
		if keep&(1<<c) != 0 {
			continue
		}
		// EINVAL: a capability this kernel does not know.
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil && err != unix.EINVAL {
			return fmt.Errorf("dropping capability %d: %w", c, err)
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("clearing ambient capabilities: %w", err)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return fmt.Errorf("reading capabilities: %w", err)
	}
	data[0].Inheritable, data[1].Inheritable = 0, 0
	if err := unix.Capset(&header, &data[0]); err != nil {
		return fmt.Errorf("clearing inheritable capabilities: %w", err)
	}
	return nil
}

const lastCapability = unix.CAP_CHECKPOINT_RESTORE

// usualCapabilities are a container's, where its pod does not say: those of
// container runtimes, less CAP_MKNOD, since there is no device controller
// here to hold it in check.
const usualCapabilities uint64 = 1<<unix.CAP_CHOWN | 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_FOWNER |
	1<<unix.CAP_FSETID | 1<<unix.CAP_KILL | 1<<unix.CAP_NET_BIND_SERVICE | 1<<unix.CAP_NET_RAW |
	1<<unix.CAP_SETFCAP | 1<<unix.CAP_SETGID | 1<<unix.CAP_SETPCAP | 1<<unix.CAP_SETUID |
	1<<unix.CAP_SYS_CHROOT | 1<<unix.CAP_AUDIT_WRITE

func grantedCapabilities(spec *Spec) uint64 {
	const all = 1<<(lastCapability+1) - 1
	if spec.Privileged {
		return all
	}
	set := usualCapabilities
	for _, name := range spec.AddCapabilities {
		set |= capability(name, all)
	}
	for _, name := range spec.DropCapabilities {
		set &^= capability(name, all)
	}
	for _, name := range spec.AddCapabilities {
		// Added by name outweighs "ALL" dropped.
		if !strings.EqualFold(name, "ALL") {
			set |= capability(name, all)
		}
	}
	return set
}

// capability is the set of the one capability called name, with or without
// CAP_; of all, for "ALL"; and empty for an unknown name.
func capability(name string, all uint64) uint64 {
	name = strings.TrimPrefix(strings.ToUpper(name), "CAP_")
	if name == "ALL" {
		return all
	}
	for i, known := range capabilityNames() {
		if name == known {
			return 1 << i
		}
	}
	return 0
}

// capabilityNames lists the capabilities in the order of their numbers.
func capabilityNames() []string {
	return []string{
		"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
		"LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
		"SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
		"SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
		"MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
		"CHECKPOINT_RESTORE",
	}
}
