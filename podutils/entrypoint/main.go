// SPDX-License-Identifier: Apache-2.0

package entrypoint

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/cutwater-ci/cutwater/podutils/command"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// Main is the entrypoint program; it returns its exit code.
func Main(p command.Process) int {
	signals := catchSignals()
	log := command.Logger("entrypoint", p.Stderr, slog.LevelInfo)
	o, err := load(p)
	if command.IsHelp(err) {
		return command.OK
	}
	if err != nil {
		log.Error("Could not resolve options", "error", err)
		return command.Failed
	}
	if err := o.Validate(); err != nil {
		log.Error("Invalid options", "error", err)
		return command.Failed
	}
	if o.CopyModeOnly {
		if err := copySelf(o.CopyDst); err != nil {
			log.Error("Could not copy the program", "error", err)
			return command.Failed
		}
		return command.OK
	}
	return Run(context.Background(), o, signals, p.Stdout)
}

// catchSignals returns the signals to stop. Those for a stdout that nobody reads
// and for files that grow too large are caught as well, so that writing fails
// instead of ending the program; to ignore them would make the job ignore them.
func catchSignals() <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE, syscall.SIGXFSZ) // what is not received is dropped
	return signals
}

func load(p command.Process) (*wrapper.Entrypoint, error) {
	o := &wrapper.Entrypoint{}
	flags := p.Flags("entrypoint", "runs a process, keeps its output, and leaves its exit code in a marker file.",
		" -- command [args]", wrapper.EntrypointEnv)
	flags.DurationVar(&o.Timeout, "timeout", DefaultTimeout, "how long the process may run")
	flags.DurationVar(&o.GracePeriod, "grace-period", DefaultGracePeriod, "how long it may take to end after that")
	flags.StringVar(&o.ArtifactDir, "artifact-dir", "", "folder to create for artifacts")
	flags.BoolVar(&o.CopyModeOnly, "copy-mode-only", false, "only copy this program to --copy-destination")
	flags.StringVar(&o.CopyDst, "copy-destination", "/tools/entrypoint", "where to copy this program to")
	flags.BoolVar(&o.PropagateErrorCode, "propagate-error-code", false, "keep the code of a process that was ended")
	flags.StringVar(&o.ProcessLog, "process-log", "", "file for the output of the process")
	flags.StringVar(&o.MarkerFile, "marker-file", "", "file for the exit code of the process")
	flags.StringVar(&o.MetadataFile, "metadata-file", "", "file that the process may write metadata to")
	if err := p.Load(wrapper.EntrypointEnv, o, flags); err != nil {
		return nil, err
	}
	if flags.Parsed() {
		o.Args = flags.Args()
	}
	return o, nil
}

// copySelf copies this program, at once, so that nobody starts half of it.
func copySelf(destination string) (err error) {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	source, err := os.Open(self)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // only read
	target, err := os.CreateTemp(filepath.Dir(destination), ".entrypoint")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(target.Name())
		}
	}()
	defer func() { _ = target.Close() }() // a second time where all went well
	if _, err := io.Copy(target, source); err != nil {
		return fmt.Errorf("copying to %s: %w", destination, err)
	}
	if err := target.Chmod(0o755); err != nil {
		return err
	}
	if err := target.Close(); err != nil {
		return err
	}
	return os.Rename(target.Name(), destination)
}
