// SPDX-License-Identifier: Apache-2.0

// Package wrapper is the agreement between entrypoint, which wraps a test
// process, and sidecar, which waits for it: the options that name the files
// they share, the marker file, and the codes in it.
//
// It imports little, since entrypoint is copied into
// every test container and has to stay small.
package wrapper

import (
	"errors"
	"time"
)

// Codes that entrypoint writes where the process has none of its own.
const (
	// CodeInternal says that the process did not start, or ran out of time.
	CodeInternal = 127
	// CodeAborted says that entrypoint was told to stop.
	CodeAborted = 130
	// CodePrevious says that the process did not run since one before it failed.
	CodePrevious = 1130
)

// EntrypointEnv names the environment variable with Entrypoint as JSON.
const EntrypointEnv = "ENTRYPOINT_OPTIONS"

// Options name one wrapped process and its files.
type Options struct {
	// Args is the command line of the process.
	Args []string `json:"args,omitempty"`
	// ContainerName is the container it runs in.
	ContainerName string `json:"container_name,omitempty"`
	// ProcessLog receives stdout and stderr of the process.
	ProcessLog string `json:"process_log"`
	// MarkerFile appears when the process has ended, and holds its exit code.
	MarkerFile string `json:"marker_file"`
	// MetadataFile may be written by the process: a JSON object for finished.json.
	MetadataFile string `json:"metadata_file"`
}

// Validate reports what is missing.
func (o *Options) Validate() error {
	switch {
	case o.ProcessLog == "":
		return errors.New("no process_log: name the file for the output of the process")
	case o.MarkerFile == "":
		return errors.New("no marker_file: name the file for the exit code of the process")
	}
	return nil
}

// Entrypoint are the options of the entrypoint program.
type Entrypoint struct {
	// Timeout is how long the process may run, in nanoseconds; 0 means 2 hours.
	Timeout time.Duration `json:"timeout"`
	// GracePeriod is how long the process may take to end after it was told to; 0 means 15 seconds.
	GracePeriod time.Duration `json:"grace_period"`
	// ArtifactDir is created before the process starts.
	ArtifactDir string `json:"artifact_dir,omitempty"`
	// PreviousMarker is the marker file of a process that has to end well first.
	PreviousMarker string `json:"previous_marker,omitempty"`
	// AlwaysZero makes entrypoint itself exit with 0.
	AlwaysZero bool `json:"always_zero,omitempty"`
	// PropagateErrorCode keeps the code of a process that was stopped for its timeout or by a signal.
	PropagateErrorCode bool `json:"propagate_error_code,omitempty"`
	// CopyModeOnly copies the program to CopyDst and runs nothing.
	CopyModeOnly bool `json:"copy_mode_only,omitempty"`
	// CopyDst is where CopyModeOnly copies to.
	CopyDst string `json:"copy_dst,omitempty"`

	Options
}

// Validate reports options that do not fit together.
func (o *Entrypoint) Validate() error {
	if o.CopyModeOnly {
		if o.CopyDst == "" {
			return errors.New("no copy_dst: name the file to copy to")
		}
		return nil
	}
	if len(o.Args) == 0 {
		return errors.New("no process to wrap: give its command line")
	}
	if o.PropagateErrorCode && o.AlwaysZero {
		return errors.New("propagate_error_code and always_zero exclude each other")
	}
	return o.Options.Validate()
}
