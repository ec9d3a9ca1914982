// SPDX-License-Identifier: Apache-2.0

package entrypoint

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// process is a started command, in a process group of its own.
type process struct {
	cmd *exec.Cmd
	// exited is closed when the process itself has ended, with err set.
	exited chan struct{}
	err    error
	// silent is closed when nobody can write to its output any more: usually with
	// its end, but later when it left something running.
	silent chan struct{}
	read   *os.File
}

// start starts the command line with its output going to output.
func start(args []string, output io.Writer) (*process, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(args[0], args[1:]...) //nolint:noctx // signals end it
	cmd.Stdout, cmd.Stderr = write, write
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Start()
	_ = write.Close() // the process has its own
	if err != nil {
		_ = read.Close()
		return nil, err
	}
	p := &process{cmd: cmd, exited: make(chan struct{}), silent: make(chan struct{}), read: read}
	go func() {
		defer close(p.exited)
		p.err = cmd.Wait()
	}()
	go func() {
		defer close(p.silent)
		_, _ = io.Copy(output, read) // output never fails; read does when it is closed below
	}()
	return p, nil
}

// code is the exit code of a process that exited: -1 when a signal ended it, or
// when it has not.
func (p *process) code() int {
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	default:
		return -1
	}
}

// drain reads the rest of the output of a process that exited. What the process
// left running may still write, for the grace period.
func (p *process) drain(grace time.Duration, log *slog.Logger) {
	if p.wait(grace) {
		return
	}
	log.Warn(fmt.Sprintf("Process exited, but left others running; killing them after %s grace period", grace))
	p.kill(log)
}

// end asks the process to end, and kills it and all that it started after the
// grace period. Like in Prow the process gets an interrupt first, whatever
// signal we were sent.
func (p *process) end(s os.Signal, grace time.Duration, log *slog.Logger) {
	p.signal(os.Interrupt, log)
	if s != nil {
		p.signal(s, log)
	}
	if p.wait(grace) {
		log.Error(fmt.Sprintf("Process gracefully exited before %s grace period", grace))
		return
	}
	log.Error(fmt.Sprintf("Process did not exit before %s grace period", grace))
	p.kill(log)
}

// signal is for the process alone: to pass it on is the process's business.
func (p *process) signal(s os.Signal, log *slog.Logger) {
	select {
	case <-p.exited:
		return
	default:
	}
	if err := p.cmd.Process.Signal(s); err != nil {
		log.Error("Could not send "+s.String()+" to process", "error", err)
	}
}

// wait waits for the end of the process and of its output.
func (p *process) wait(grace time.Duration) bool {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	for _, over := range []chan struct{}{p.exited, p.silent} {
		select {
		case <-over:
		case <-timer.C:
			return false
		}
	}
	return true
}

// settle is how long a killed group may take to be gone.
const settle = time.Second

// kill kills the whole group, so that nothing keeps the container alive, and
// stops listening to whatever left the group.
func (p *process) kill(log *slog.Logger) {
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		log.Error("Could not kill process after grace period", "error", err)
	}
	if !p.wait(settle) {
		_ = p.read.Close()
	}
}
