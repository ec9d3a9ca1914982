// SPDX-License-Identifier: Apache-2.0

package initupload

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cutwater-ci/cutwater/podutils/command"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/options"
	"github.com/cutwater-ci/cutwater/podutils/upload"
)

// Main is the initupload program; it returns its exit code.
func Main(p command.Process) int {
	log := command.Logger("initupload", p.Stderr, slog.LevelInfo)
	// The defaults of flags are not those of the environment variable.
	o, flagged := &options.InitUpload{}, &options.InitUpload{}
	flags := p.Flags("initupload", "tells the bucket that a run began, and how its code was cloned.", " [file or folder to upload]...", options.InitUploadEnv)
	upload.AddFlags(flags, &flagged.Upload)
	flags.StringVar(&flagged.Log, "clone-log", "", "file with the records of clonerefs")
	if err := p.Load(options.InitUploadEnv, o, flags); command.IsHelp(err) {
		return command.OK
	} else if err != nil {
		log.Error("Could not resolve options", "error", err)
		return command.Failed
	}
	if flags.Parsed() {
		o = flagged
		o.Items = flags.Args()
	}
	spec, err := jobspec.FromEnv(p.Env)
	if err != nil {
		log.Error("Could not resolve job spec", "error", err)
		return command.Failed
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := Run(ctx, o, spec, time.Now(), command.Wait, log); err != nil {
		log.Error("Failed to initialize job", "error", err)
		return command.Failed
	}
	return command.OK
}
