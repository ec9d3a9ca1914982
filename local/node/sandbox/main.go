// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	// initName is argument 0 of a start that Main is to handle.
	initName = "cutwater-container-init"

	// The file descriptors such a start finds: the Spec to read, and where to
	// write what went wrong; the latter closing unwritten means success.
	specFD   = 3
	reportFD = 4

	// DefaultPath is the PATH of a process that has none.
	DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

// Main does nothing, unless this start of the program was made by a
// [Launcher]; then it becomes the sandboxed process and does not return.
// Programs that use this package call it before anything else.
func Main() {
	if len(os.Args) == 0 || os.Args[0] != initName {
		return
	}
	// Credentials, capabilities and the parent death signal belong to the
	// thread, and the one that executes the command counts.
	runtime.LockOSThread()
	unix.CloseOnExec(specFD)
	unix.CloseOnExec(reportFD)
	err := becomeSpec()
	var start *StartError
	if !errors.As(err, &start) {
		start = &StartError{Code: 128, Message: err.Error()}
	}
	report := os.NewFile(reportFD, "report")
	_ = json.NewEncoder(report).Encode(start)
	os.Exit(start.Code)
}

// becomeSpec reads the Spec and turns this process into it. It returns only
// errors.
func becomeSpec() error {
	var spec Spec
	if err := json.NewDecoder(os.NewFile(specFD, "spec")).Decode(&spec); err != nil {
		return fmt.Errorf("reading the container's specification: %w", err)
	}
	var err error
	if spec.Isolation == None {
		err = enterWorkingDir(spec.WorkingDir, false)
	} else {
		err = enterRoot(&spec)
	}
	if err != nil {
		return err
	}
	path, err := lookPath(spec.Args, spec.Env)
	if err != nil {
		return err
	}
	if err := dropPrivileges(&spec); err != nil {
		return err
	}
	err = unix.Exec(path, spec.Args, spec.Env)
	code := 128
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, unix.ENOEXEC):
		code = 126
	case errors.Is(err, fs.ErrNotExist):
		code = 127
	}
	return &StartError{Code: code, Message: fmt.Sprintf("exec %q: %v", path, err)}
}

// enterWorkingDir goes to dir. In a root of its own it makes a missing one, as
// container runtimes do.
func enterWorkingDir(dir string, own bool) error {
	if dir == "" {
		dir = "/"
	}
	if !filepath.IsAbs(dir) {
		return fmt.Errorf("working directory %q is not an absolute path", dir)
	}
	if own {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("making the working directory: %w", err)
		}
	}
	if err := os.Chdir(dir); err != nil {
		return fmt.Errorf("entering the working directory: %w", err)
	}
	return nil
}

// lookPath finds the program of the command args with env's PATH.
func lookPath(args, env []string) (string, error) {
	if len(args) == 0 || args[0] == "" {
		return "", &StartError{Code: 128, Message: "no command specified"}
	}
	if strings.Contains(args[0], "/") {
		return args[0], nil
	}
	path := DefaultPath
	for _, e := range env {
		if value, ok := strings.CutPrefix(e, "PATH="); ok {
			path = value
		}
	}
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join("/", dir, args[0])
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", &StartError{Code: 127, Message: fmt.Sprintf("exec: %q: executable file not found in $PATH", args[0])}
}
