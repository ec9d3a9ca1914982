// SPDX-License-Identifier: Apache-2.0

package process

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// Start starts a program that outlives this one, and writes its identity to
// pidFile. What it prints is appended to logFile. The caller's thread decides
// the network namespace.
func Start(cmd *exec.Cmd, pidFile, logFile string) error {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // the terminal's signals are not for it
	if err := cmd.Start(); err != nil {
		return err
	}
	err = write(pidFile, cmd)
	if err != nil {
		_ = cmd.Process.Kill()
	}
	go cmd.Wait() //nolint:errcheck // collects it if it ends before this program; Identity tells who asks
	return err
}

func write(pidFile string, cmd *exec.Cmd) error {
	identity, err := Of(cmd.Process.Pid, cmd.Path)
	if err != nil {
		return err
	}
	content, err := json.Marshal(identity)
	if err != nil {
		return err
	}
	if err := os.WriteFile(pidFile+".new", content, 0o644); err != nil {
		return err
	}
	return os.Rename(pidFile+".new", pidFile)
}

// Read returns the identity in a pid file; a zero one, which is not alive, when
// there is no such file.
func Read(pidFile string) (Identity, error) {
	content, err := os.ReadFile(pidFile)
	if os.IsNotExist(err) {
		return Identity{}, nil
	}
	if err != nil {
		return Identity{}, err
	}
	var identity Identity
	if err := json.Unmarshal(content, &identity); err != nil {
		return Identity{}, fmt.Errorf("reading %s: %w", pidFile, err)
	}
	return identity, nil
}
