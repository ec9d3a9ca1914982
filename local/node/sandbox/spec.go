// SPDX-License-Identifier: Apache-2.0

// Package sandbox starts one process in namespaces of its own: a root file
// system made of this machine's root or of an unpacked image, with volumes
// mounted over it, its own process tree, and no way to write to the machine
// except through those volumes.
//
// It works by starting this very program again: [Main], called first thing in
// main, notices that it is such a start, builds the file system, gives up
// privileges and executes the command, which so becomes process 1 of its own
// tree. When that process ends, the kernel kills the rest of the tree.
//
// Starts on: [Launcher.Start]. Changes: processes; below [Spec.Dir], files.
// Config: none. In Prow: nothing; a container runtime does this there.
package sandbox

import "fmt"

// Isolation says how far processes can be separated from the machine.
type Isolation string

const (
	// Root means real root: mount, process and IPC namespaces.
	Root Isolation = "root"
	// UserNamespace means an ordinary user, whose processes get a user
	// namespace in which they may mount.
	UserNamespace Isolation = "user namespace"
	// None means plain processes: nothing can be mounted for them, and one that
	// leaves its process group outlives the rest.
	None Isolation = "none"
)

// Spec is one process to start and the world it shall see.
type Spec struct {
	Isolation Isolation

	// Dir is an existing directory for the process's private changes to its
	// root; whoever made it removes it, with [RemoveAll], after the process
	// has ended.
	Dir string

	// Image is the directory of an unpacked image to be the root. Empty means
	// this machine's own root, readable, with changes kept in Dir.
	Image string

	// Hide lists directories of this machine that the process shall find
	// empty. Only where Image is empty.
	Hide []string

	Mounts []Mount

	// Args is the command; Args[0] is looked up in Env's PATH, inside the
	// root, unless it contains a slash.
	Args []string
	Env  []string
	// WorkingDir is made when it is missing. Empty means "/".
	WorkingDir string

	// UID, GID and Groups are whom to run as. With UserNamespace they are
	// names only: on the machine's files the process stays the same user.
	UID, GID int
	Groups   []int

	// Privileged keeps every capability and shows the machine's devices.
	Privileged      bool
	NoNewPrivileges bool
	// ReadOnlyRoot forbids changes outside Mounts.
	ReadOnlyRoot bool
	// AddCapabilities and DropCapabilities change the usual set of a
	// container: names as in Kubernetes ("NET_ADMIN", "ALL").
	AddCapabilities, DropCapabilities []string
}

// Mount shows a file or directory of the machine inside the root.
type Mount struct {
	// Source is absolute and free of symbolic links.
	Source string
	// SubPath is a path inside Source to show instead of it; symbolic links in
	// it cannot lead out of Source. A missing one becomes a directory.
	SubPath string
	// Target is where it appears, made when missing.
	Target   string
	ReadOnly bool
}

// StartError says that a process could not be started.
type StartError struct {
	// Code is the exit code a shell would give: 127 for a command not found,
	// 126 for one that cannot be executed, 128 for anything before.
	Code    int
	Message string
}

func (e *StartError) Error() string { return e.Message }

// Exit is how a process ended.
type Exit struct {
	// Code is the exit code, or 128 plus the signal.
	Code int
	// Signal is the signal that ended it, or 0.
	Signal int
}

func (e Exit) String() string {
	if e.Signal != 0 {
		return fmt.Sprintf("signal %d", e.Signal)
	}
	return fmt.Sprintf("exit code %d", e.Code)
}
