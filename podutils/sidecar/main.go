// SPDX-License-Identifier: Apache-2.0

package sidecar

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/cutwater-ci/cutwater/podutils/command"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/livelog"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// memoryLimit is where, in bytes, the garbage collector gets busier. With the
// program's own text the process stays below 64 MiB.
const memoryLimit = 28 << 20

// Main is the sidecar program; it returns its exit code.
func Main(p command.Process) int {
	debug.SetMemoryLimit(memoryLimit)
	interrupts := make(chan os.Signal, 1) // first of all: an early one shall not end the program
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	log := command.Logger("sidecar", p.Stderr, slog.LevelInfo)
	o := &options.Sidecar{}
	flags := p.Flags("sidecar", "waits for test processes, and uploads what they leave. Its options come from the environment only.", "", options.SidecarEnv)
	if err := p.Load(options.SidecarEnv, o, flags); command.IsHelp(err) {
		return command.OK
	} else if err != nil {
		log.Error("Could not resolve options", "error", err)
		return command.Failed
	}
	spec, err := jobspec.FromEnv(p.Env)
	if err != nil {
		log.Error("Could not resolve job spec", "error", err)
		return command.Failed
	}
	failed, err := run(p, o, spec, interrupts)
	if err != nil {
		log.Error("Failed to report job status", "error", err)
		return command.Failed
	}
	if o.EntryError && failed > 0 {
		log.Error("Some entries failed", "entries", failed)
		return command.Failed
	}
	return command.OK
}

// run runs with the log going to a file too.
func run(p command.Process, o *options.Sidecar, spec *jobspec.Spec, interrupts <-chan os.Signal) (failed int, err error) {
	own, err := newOwnLog(o)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, own.Close()) }()
	ticker := time.NewTicker(livelog.Every)
	defer ticker.Stop()
	return Run(context.Background(), o, spec, Environment{ // signals arrive as such
		Interrupts: interrupts,
		Ticks:      ticker.C,
		Now:        time.Now,
		Sleep:      command.Wait,
		Log:        command.Logger("sidecar", io.MultiWriter(p.Stderr, own), slog.LevelDebug),
		OwnLog:     own,
	})
}
