// SPDX-License-Identifier: Apache-2.0

// Package entrypoint wraps the test process of a decorated pod: it keeps what
// the process writes, ends it when its time is over or the pod is stopped, and
// leaves its exit code in a marker file for sidecar.
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
// arrives on signals ends the process.
func Run(ctx context.Context, o *wrapper.Entrypoint, signals <-chan os.Signal, stdout io.Writer) int {
	log := command.Logger("entrypoint", stdout, slog.LevelInfo)
	code, err := execute(ctx, o, signals, stdout)
	if err != nil {
		log.Error("Error executing test process", "error", err)
	}
	if err := wrapper.WriteMarker(&o.Options, code); err != nil {
		log.Error("Error writing exit code to marker file", "error", err)
		return wrapper.CodeInternal // not even AlwaysZero hides a code that nobody can read
	}
	if o.AlwaysZero {
		return 0
	}
	return code
}

// execute returns the code for the marker file.
func execute(ctx context.Context, o *wrapper.Entrypoint, signals <-chan os.Signal, stdout io.Writer) (int, error) {
	if o.ArtifactDir != "" {
		if err := os.MkdirAll(o.ArtifactDir, 0o777); err != nil { // for the user of any container
			return wrapper.CodeInternal, fmt.Errorf("creating artifact folder: %w", err)
		}
	}
	logFile, err := os.Create(o.ProcessLog)
	if err != nil {
		return wrapper.CodeInternal, fmt.Errorf("creating process log: %w", err)
	}
	defer func() { _ = logFile.Close() }() // every write was checked
	output := &tee{writers: []io.Writer{logFile, stdout}}
	log := command.Logger("entrypoint", output, slog.LevelInfo)

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
	process, err := start(o.Args, output)
	if err != nil {
		err = fmt.Errorf("could not start the process: %w", err)
		_, writeErr := io.WriteString(logFile, err.Error())
		return wrapper.CodeInternal, errors.Join(err, writeErr)
	}
	code, err := supervise(o, process, signals, log)
	if err == nil {
		err = output.failures()
	}
	return code, err
}

// waitForPrevious waits for the marker of a process that has to end before, and
// returns the code in it.
func waitForPrevious(ctx context.Context, marker string, signals <-chan os.Signal, log *slog.Logger) (int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case s := <-signals:
			log.Error(fmt.Sprintf("Received interrupt %v, cancelling...", s))
			cancel()
		case <-ctx.Done():
		}
	}()
	marks, err := wrapper.WaitForMarkers(ctx, []string{marker})
	if err != nil {
		return 0, err
	}
	return marks[0].Code, marks[0].Err
}

// supervise waits for the process, and ends it early when it must.
func supervise(o *wrapper.Entrypoint, p *process, signals <-chan os.Signal, log *slog.Logger) (int, error) {
	grace := orDefault(o.GracePeriod, DefaultGracePeriod)
	timeout := orDefault(o.Timeout, DefaultTimeout)
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-p.exited:
		p.drain(grace, log)
		if code := p.code(); code != 0 {
			return code, fmt.Errorf("wrapped process failed: %w", p.err)
		}
		return 0, nil
	case <-timer.C:
		log.Error(fmt.Sprintf("Process did not finish before %s timeout", timeout))
		p.end(nil, grace, log)
		return codeAfter(o, p, wrapper.CodeInternal), errTimedOut
	case s := <-signals:
		log.Error(fmt.Sprintf("Entrypoint received interrupt: %v", s))
		p.end(s, grace, log)
		return codeAfter(o, p, wrapper.CodeAborted), errAborted
	}
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
