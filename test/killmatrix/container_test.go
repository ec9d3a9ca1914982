// SPDX-License-Identifier: Apache-2.0

package killmatrix

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/proctest"
)

// container is a program that runs as if it had a container of its own: when it
// has ended, nothing that it started lives on.
type container struct {
	*exec.Cmd
	exited chan struct{} // closed when it has ended
}

// start starts a program, with its options in the environment.
func (p *pod) start(name, variable string, options any) *container {
	p.t.Helper()
	text, err := json.Marshal(options)
	if err != nil {
		p.t.Fatal(err)
	}
	output, err := os.Create(p.file(name + ".output"))
	if err != nil {
		p.t.Fatal(err)
	}
	mark := "CONTAINER=" + p.file(name)
	c := &container{Cmd: exec.CommandContext(p.t.Context(), filepath.Join(p.world.programs, name)), exited: make(chan struct{})}
	c.Env = []string{
		mark, "PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "TMPDIR=" + p.dir, "ARTIFACTS=" + p.file("artifacts"),
		variable + "=" + string(text), "JOB_SPEC=" + p.spec(),
	}
	c.Stdout, c.Stderr = output, output
	if err := c.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		defer close(c.exited)
		_ = c.Wait() // ProcessState tells
		killMarked(mark)
	}()
	p.t.Cleanup(func() {
		_ = c.Process.Kill() // it has mostly ended
		<-c.exited
		text, err := os.ReadFile(output.Name())
		if err = errors.Join(err, output.Close()); p.t.Failed() || err != nil {
			p.t.Logf("%s: %v\n%s%v", name, c.ProcessState, text, err)
		}
	})
	p.containers[name] = c
	return c
}

// killMarked kills all that have the variable in their environment, and so all
// that a program started and left.
func killMarked(mark string) {
	for again := true; again; {
		again = false
		environments, _ := filepath.Glob("/proc/[0-9]*/environ") // only a bad pattern is an error
		for _, path := range environments {
			environment, err := os.ReadFile(path)
			if err != nil || !slices.Contains(strings.Split(string(environment), "\x00"), mark) {
				continue // it has ended, or is not ours
			}
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
				again = syscall.Kill(pid, syscall.SIGKILL) == nil || again
			}
		}
	}
}

// lives tells whether it has been started and has not ended.
func (c *container) lives() bool {
	if c == nil {
		return false
	}
	select {
	case <-c.exited:
		return false
	default:
		return true
	}
}

// killed tells whether SIGKILL ended it.
func (c *container) killed() bool {
	status, ok := c.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == KILL
}

// code waits for the end, and is the exit code.
func (c *container) code(t *testing.T) int {
	t.Helper()
	proctest.Until(t, filepath.Base(c.Path)+" has ended", func() bool { return !c.lives() })
	return c.ProcessState.ExitCode()
}

// signal sends a signal to those of the containers that live.
func (p *pod) signal(s syscall.Signal, names ...string) {
	p.t.Helper()
	for _, name := range names {
		if c := p.containers[name]; c.lives() {
			if err := c.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
				p.t.Fatal(err)
			}
		}
	}
	for _, name := range names {
		if c := p.containers[name]; c != nil && s == KILL {
			c.code(p.t)
		}
	}
}

// jobProcess is the number of the job's process, 0 before it runs.
func (p *pod) jobProcess() int {
	text, _ := os.ReadFile(p.file("running")) // not there yet
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid
}
