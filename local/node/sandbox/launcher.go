// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// A Launcher starts processes. All of them are killed when it is closed, and
// when this program ends, however it ends.
type Launcher struct {
	program string
	jobs    chan func()
}

// NewLauncher returns a Launcher that starts program, whose main calls Main
// first, for each process. "/proc/self/exe" is this program.
func NewLauncher(program string) *Launcher {
	l := &Launcher{program: program, jobs: make(chan func())}
	go func() {
		// The kernel sends the parent death signal when the thread that
		// started the process ends, so that thread is kept. It is never
		// unlocked: it ends with this goroutine, and its processes with it.
		runtime.LockOSThread()
		for job := range l.jobs {
			job()
		}
	}()
	return l
}

// Close kills what is left of the processes. Start may not be called again.
func (l *Launcher) Close() { close(l.jobs) }

// Process is a started one. Wait must be called, once.
type Process struct {
	cmd       *exec.Cmd
	isolation Isolation
}

// Start starts what spec says with the given output files, and returns when
// the command runs, or has turned out not to. Before it runs, Start calls
// admit with its process ID.
//
// An error that matches *StartError is the spec's fault; any other, the
// machine's or admit's.
func (l *Launcher) Start(spec Spec, stdout, stderr *os.File, admit func(pid int) error) (*Process, error) {
	specReader, specWriter, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	defer specWriter.Close()
	reportReader, reportWriter, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a pipe: %w", err), specReader.Close())
	}
	defer reportReader.Close()

	cmd := &exec.Cmd{
		Path: l.program, Args: []string{initName}, Env: []string{}, Dir: "/",
		Stdout: stdout, Stderr: stderr, ExtraFiles: []*os.File{specReader, reportWriter},
		SysProcAttr: attributes(&spec),
	}
	started := make(chan error)
	l.jobs <- func() { started <- cmd.Start() }
	err = <-started
	_, _ = specReader.Close(), reportWriter.Close()
	if err != nil {
		return nil, fmt.Errorf("starting a %v process: %w", spec.Isolation, err)
	}
	p := &Process{cmd: cmd, isolation: spec.Isolation}
	if admit != nil {
		err = admit(p.PID())
	}
	if err == nil {
		err = json.NewEncoder(specWriter).Encode(spec)
	}
	if err == nil {
		err = readReport(specWriter, reportReader)
	}
	if err != nil {
		p.Kill()
		_ = cmd.Wait()
		return nil, err
	}
	return p, nil
}

// readReport waits for the process to execute its command or to say why it
// cannot.
func readReport(spec io.Closer, report io.Reader) error {
	if err := spec.Close(); err != nil {
		return err
	}
	data, err := io.ReadAll(report)
	if err != nil {
		return fmt.Errorf("reading a process's report: %w", err)
	}
	if len(data) == 0 {
		return nil
	}
	start := &StartError{}
	if err := json.Unmarshal(data, start); err != nil {
		return fmt.Errorf("reading a process's report: %w", err)
	}
	return start
}

// attributes are the namespaces of a process with spec.
func attributes(spec *Spec) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if spec.Isolation == None {
		return attr
	}
	attr.Cloneflags = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC
	if spec.Isolation != UserNamespace {
		return attr
	}
	attr.Cloneflags |= syscall.CLONE_NEWUSER
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: spec.UID, HostID: os.Geteuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: spec.GID, HostID: os.Getegid(), Size: 1}}
	if spec.UID != 0 {
		// Else execve would take them from Main before it has mounted.
		attr.AmbientCaps = []uintptr{
			unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH, unix.CAP_FOWNER, unix.CAP_FSETID,
			unix.CAP_SETPCAP, unix.CAP_SYS_ADMIN, unix.CAP_SYS_CHROOT,
		}
	}
	return attr
}

// PID is the process's ID, as seen from here.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Terminate asks the process to end.
func (p *Process) Terminate() { _ = p.cmd.Process.Signal(syscall.SIGTERM) }

// Kill ends the process and everything it has started.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	if p.isolation == None {
		_ = syscall.Kill(-p.PID(), syscall.SIGKILL)
	}
}

// Wait waits for the process to end and for what it had started to be killed.
func (p *Process) Wait() (Exit, error) {
	err := p.cmd.Wait()
	if p.isolation == None {
		_ = syscall.Kill(-p.PID(), syscall.SIGKILL)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return Exit{}, fmt.Errorf("waiting for a process: %w", err)
	}
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok {
		return Exit{}, fmt.Errorf("process %d ended in an unknown state: %v", p.PID(), p.cmd.ProcessState)
	}
	if status.Signaled() {
		return Exit{Code: 128 + int(status.Signal()), Signal: int(status.Signal())}, nil
	}
	return Exit{Code: status.ExitStatus()}, nil
}
