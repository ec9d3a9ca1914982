// SPDX-License-Identifier: Apache-2.0

// Package entrypoint wraps the test process of a decorated pod: it keeps what
// the process writes, ends it when its time is over or the pod is stopped, and
// leaves its exit code in a marker file for sidecar.
//
// To end a process it sends SIGINT, to the process alone as Prow does: jobs have
// traps that clean up, and children that must live on for that. After the grace
// period all that the process ever started is killed with SIGKILL, be it in its
// process group or not, and so is what is left when a process ends by itself.
// Its exit code counts from then on, whatever its children still do: those that
// hold its output have the grace period for writing to it.
//
// The output goes into the process log first, and from there to stdout, so that
// no slow, closed or stuck reader of stdout holds up the job. Neither does a full
// disk: stdout goes on, and both say what they lack.
//
// Started by: the command of every test container. Changes: the process log,
// the artifacts folder, the marker file. Config: ENTRYPOINT_OPTIONS. In Prow:
// entrypoint.
package entrypoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/cutwater-ci/cutwater/podutils/command"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// Defaults for what the options leave at zero.
const (
	DefaultTimeout     = 2 * time.Hour
	DefaultGracePeriod = 15 * time.Second
)

var (
	errTimedOut = errors.New("process timed out")
	errAborted  = errors.New("process aborted")
)

// Run wraps the process that o names, and returns the code to exit with. What
// arrives on signals ends the process. All children of this program become the
// job's, so nothing else may start any.
func Run(ctx context.Context, o *wrapper.Entrypoint, signals <-chan os.Signal, stdout io.Writer) int {
	marker := wrapper.ReserveMarker(&o.Options)
	out := newOutput(stdout)
	defer out.close(min(orDefault(o.GracePeriod, DefaultGracePeriod), DefaultGracePeriod))
	log := command.Logger("entrypoint", writerFunc(out.writeStdout), slog.LevelInfo)
	code, err := execute(ctx, o, signals, out)
	if err != nil {
		log.Error("Error executing test process", "error", err)
	}
	if err := marker.Write(code); err != nil {
		log.Error("Error writing exit code to marker file", "error", err)
		return wrapper.CodeInternal // not even AlwaysZero hides a code that nobody can read
	}
	if o.AlwaysZero {
		return 0
	}
	return code
}

// execute returns the code for the marker file.
func execute(ctx context.Context, o *wrapper.Entrypoint, signals <-chan os.Signal, out *output) (int, error) {
	if o.ArtifactDir != "" {
		if err := os.MkdirAll(o.ArtifactDir, 0o777); err != nil { // for the user of any container
			return wrapper.CodeInternal, fmt.Errorf("creating artifact folder: %w", err)
		}
	}
	if err := out.open(o.ProcessLog); err != nil {
		return wrapper.CodeInternal, fmt.Errorf("creating process log: %w", err)
	}
	log := command.Logger("entrypoint", out, slog.LevelInfo)
	if o.PreviousMarker != "" {
		code, err := waitForPrevious(ctx, o.PreviousMarker, signals, log)
		if err != nil {
			return wrapper.CodeInternal, fmt.Errorf("wait for previous marker %s: %w", o.PreviousMarker, err)
		}
		if code != 0 {
			log.Info(fmt.Sprintf("Skipping as previous step exited %d", code))
			return wrapper.CodePrevious, nil
		}
	}
	process, err := start(o.Args, out)
	if err != nil {
		err = fmt.Errorf("could not start the process: %w", err)
		out.writeLog(err.Error())
		return wrapper.CodeInternal, err
	}
	defer process.clear(log)
	return supervise(o, process, signals, log)
}

// waitForPrevious waits for the marker of a process that has to end before, and
// returns the code in it.
func waitForPrevious(ctx context.Context, marker string, signals <-chan os.Signal, log *slog.Logger) (int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	code, errs := make(chan int, 1), make(chan error, 1)
	go func() {
		marks, err := wrapper.WaitForMarkers(ctx, []string{marker})
		if err == nil {
			err = marks[0].Err
		}
		if err != nil {
			errs <- err
			return
		}
		code <- marks[0].Code
	}()
	select {
	case s := <-signals:
		log.Error(fmt.Sprintf("Received interrupt %v, cancelling...", s))
		return 0, context.Canceled
	case err := <-errs:
		return 0, err
	case c := <-code:
		return c, nil
	}
}

// supervise waits for the process, and ends it early when it must.
func supervise(o *wrapper.Entrypoint, p *process, signals <-chan os.Signal, log *slog.Logger) (int, error) {
	grace := orDefault(o.GracePeriod, DefaultGracePeriod)
	timeout := orDefault(o.Timeout, DefaultTimeout)
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-p.exited:
		timer.Reset(grace)
		if !p.isOver(timer.C, signals) {
			log.Warn(fmt.Sprintf("Process exited, but left others running; killing them after %s grace period", grace))
		}
	case <-timer.C:
		if !isClosed(p.exited) {
			log.Error(fmt.Sprintf("Process did not finish before %s timeout", timeout))
			p.end(nil, grace, log)
			return codeAfter(o, p, wrapper.CodeInternal), errTimedOut
		}
	case s := <-signals:
		if !isClosed(p.exited) {
			log.Error(fmt.Sprintf("Entrypoint received interrupt: %v", s))
			p.end(s, grace, log)
			return codeAfter(o, p, wrapper.CodeAborted), errAborted
		}
	}
	if err := p.failure(); err != nil {
		return p.code(), fmt.Errorf("wrapped process failed: %w", err)
	}
	return 0, nil
}

func orDefault(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}

// codeAfter is the code of a process that was ended: ours, unless its own is asked for.
func codeAfter(o *wrapper.Entrypoint, p *process, ours int) int {
	if o.PropagateErrorCode {
		return p.code()
	}
	return ours
}
