// SPDX-License-Identifier: Apache-2.0

package entrypoint

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is a started command, in a process group of its own, with all that it
// starts in turn.
type process struct {
	pid int
	// reaping is held while children are reaped: until then, pid is the process's.
	reaping sync.Mutex
	// exited is closed when the process itself has ended, with status set.
	exited chan struct{}
	status syscall.WaitStatus
	// gone is closed when whatever it started has ended too.
	gone chan struct{}
	// silent is closed when nobody can write to its output any more.
	silent chan struct{}
	read   *os.File
}

// pipeSize is how far, in bytes, a job can be ahead of us.
const pipeSize = 1 << 20

// start starts the command line with its output going to output: through a pipe
// and not straight into a file, which the job could cut short. From now on all
// children of this program are the job's.
func start(args []string, output io.Writer) (*process, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	// Neither has to work: it only makes it go faster, and what would be lost
	// without is killed with its group or with the container.
	_, _ = unix.FcntlInt(write.Fd(), unix.F_SETPIPE_SZ, pipeSize)
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	pid, err := fork(args, write)
	_ = write.Close() // the process has its own
	if err != nil {
		_ = read.Close()
		return nil, err
	}
	p := &process{
		pid: pid, read: read,
		exited: make(chan struct{}), gone: make(chan struct{}), silent: make(chan struct{}),
	}
	go p.reap()
	go func() {
		defer close(p.silent)
		p.copyOutput(output)
	}()
	return p, nil
}

// fork starts the command line. Unlike package os it starts no second process, to
// find out what the kernel can do, and needs nothing that would have to be waited for.
func fork(args []string, output *os.File) (pid int, err error) {
	program := args[0]
	if filepath.Base(program) == program {
		if program, err = exec.LookPath(program); err != nil {
			return 0, err
		}
	}
	input, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer func() { _ = input.Close() }() // the process has its own
	pid, err = syscall.ForkExec(program, args, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{input.Fd(), output.Fd(), output.Fd()},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return 0, &os.PathError{Op: "fork/exec", Path: program, Err: err}
	}
	return pid, nil
}

// copyOutput reads all output, until it ends or is closed.
func (p *process) copyOutput(output io.Writer) {
	buffer := make([]byte, pipeSize/4)
	for {
		n, err := p.read.Read(buffer)
		if n > 0 {
			_, _ = output.Write(buffer[:n]) // it never fails
		}
		if err != nil {
			return
		}
	}
}

// code is the exit code of a process that exited: -1 when a signal ended it, or
// when it has not.
func (p *process) code() int {
	if !isClosed(p.exited) {
		return -1
	}
	return p.status.ExitStatus()
}

// failure says how a process ended, nil if well.
func (p *process) failure() error {
	switch {
	case p.status.CoreDump():
		return fmt.Errorf("signal: %v (core dumped)", p.status.Signal())
	case p.status.Signaled():
		return fmt.Errorf("signal: %v", p.status.Signal())
	case p.status.ExitStatus() != 0:
		return fmt.Errorf("exit status %d", p.status.ExitStatus())
	}
	return nil
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// end asks the process to end, and kills it and all that it started after the
// grace period. Like in Prow the process gets an interrupt first, whatever
// signal we were sent.
func (p *process) end(s os.Signal, grace time.Duration, log *slog.Logger) {
	p.signal(os.Interrupt, log)
	if s != nil {
		p.signal(s, log)
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	if p.isOver(timer.C, nil) {
		log.Error(fmt.Sprintf("Process gracefully exited before %s grace period", grace))
	} else {
		log.Error(fmt.Sprintf("Process did not exit before %s grace period", grace))
	}
}

// signal is for the process alone: to pass it on is the process's business.
func (p *process) signal(s os.Signal, log *slog.Logger) {
	p.reaping.Lock()
	defer p.reaping.Unlock()
	number, ok := s.(syscall.Signal)
	if isClosed(p.exited) || !ok { // what the system sends is one
		return
	}
	if err := syscall.Kill(p.pid, number); err != nil {
		log.Error("Could not send "+s.String()+" to process", "error", err)
	}
}

// isOver waits until the process and its output have ended: but not after late,
// nor when there are signals.
func (p *process) isOver(late <-chan time.Time, signals <-chan os.Signal) bool {
	for _, over := range []chan struct{}{p.exited, p.silent} {
		select {
		case <-over:
		case <-late:
			return false
		case <-signals:
			return false
		}
	}
	return true
}
