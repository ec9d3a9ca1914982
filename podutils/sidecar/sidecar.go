// SPDX-License-Identifier: Apache-2.0

// Package sidecar waits for the test processes of a decorated pod, and uploads
// their logs and artifacts, without the secrets in them, and the result.
//
// Until the processes end it keeps what they have written in the bucket, as
// podutils/livelog does. In the end the logs are uploaded whole and from the disk:
// only then all values are known that a secret had while the job ran. What was
// taken out, and what was left out, is told in finished.json.
//
// Started by: the last container of a decorated pod. Changes: the run's folder
// in the bucket, and the files that lead to it. Config: SIDECAR_OPTIONS,
// JOB_SPEC. In Prow: sidecar.
package sidecar

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/cutwater-ci/cutwater/podutils/censor"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/options"
	"github.com/cutwater-ci/cutwater/podutils/upload"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// Environment is what Run needs beside its options.
type Environment struct {
	// Interrupts are the signals to stop.
	Interrupts <-chan os.Signal
	// Ticks say when to store what is new in the logs, until the job ends.
	Ticks <-chan time.Time
	Now   func() time.Time
	Sleep upload.Sleep
	Log   *slog.Logger
	// OwnLog is the file that Log goes to, to be uploaded too.
	OwnLog *os.File
}

// Run waits for the entries to end, uploads, and returns how many entries
// failed. A failed upload is only logged: it is not the job's failure.
func Run(ctx context.Context, o *options.Sidecar, spec *jobspec.Spec, env Environment) (failed int, err error) {
	s, err := newSidecar(o, spec, env)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err := s.uploader.Close(); err != nil {
			s.Log.Warn("Cannot close the bucket", "error", err)
		}
	}()
	logs := s.follow(ctx)
	marks, err := s.wait(ctx)
	if err != nil {
		logs.stop(ctx, false)
		return 0, err
	}
	stored := s.upload(ctx, s.verdict(marks))
	logs.stop(ctx, stored)
	for _, mark := range marks {
		if mark.Code != 0 && mark.Code != wrapper.CodePrevious {
			failed++
		}
	}
	return failed, nil
}

// sidecar is one run of the program.
type sidecar struct {
	Environment
	spec             *jobspec.Spec
	entries          []wrapper.Options
	ignoreInterrupts bool
	uploader         *upload.Uploader
	secrets          *secrets
	found            *findings // in the upload that goes on
}

func newSidecar(o *options.Sidecar, spec *jobspec.Spec, env Environment) (*sidecar, error) {
	entries := o.Entries
	if len(entries) == 0 && o.WrapperOptions != nil {
		entries = []wrapper.Options{*o.WrapperOptions}
	}
	if len(entries) == 0 {
		return nil, errors.New("no entries: nothing to wait for")
	}
	for i := range entries {
		if err := entries[i].Validate(); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
	}
	if o.GCSOptions == nil {
		return nil, errors.New("no gcs_options: nowhere to upload to")
	}
	censoring, err := censoringOf(o)
	if err != nil {
		return nil, err
	}
	s := &sidecar{
		Environment: env, spec: spec, entries: entries, ignoreInterrupts: o.IgnoreInterrupts,
		secrets: newSecrets(censoring, env.Log),
	}
	choice, err := censor.NewChoice(censoring.IncludeDirectories, censoring.ExcludeDirectories)
	if err != nil {
		return nil, err
	}
	s.uploader, err = upload.New(o.GCSOptions, s.filter(choice), env.Sleep, env.Log)
	return s, err
}

// censoringOf also takes the options of old pods.
func censoringOf(o *options.Sidecar) (*options.Censoring, error) {
	old := len(o.SecretDirectories) > 0 || o.CensoringConcurrency != nil || o.CensoringBufferSize != nil
	switch {
	case old && o.CensoringOptions != nil:
		return nil, errors.New("censoring_options and the deprecated options for censoring exclude each other")
	case old:
		return &options.Censoring{SecretDirectories: o.SecretDirectories}, nil
	case o.CensoringOptions != nil:
		return o.CensoringOptions, nil
	}
	return &options.Censoring{}, nil
}

func valueOr[T any](p *T, fallback T) T {
	if p != nil {
		return *p
	}
	return fallback
}

// wait waits for the marks. An interrupt does not end that, since kubelet gives
// us longer than the job: but it may not give us long enough, so we upload at
// once what is there.
func (s *sidecar) wait(ctx context.Context) ([]wrapper.Mark, error) {
	type result struct {
		marks []wrapper.Mark
		err   error
	}
	results := make(chan result, 1)
	go func() {
		var paths []string
		for _, entry := range s.entries {
			paths = append(paths, entry.MarkerFile)
		}
		marks, err := wrapper.WaitForMarkers(ctx, paths)
		results <- result{marks, err}
	}()
	partial := func() {}
	for {
		select {
		case r := <-results:
			partial()
			return r.marks, r.err
		case signal := <-s.Interrupts:
			if s.ignoreInterrupts {
				s.Log.Warn(fmt.Sprintf("Received an interrupt: %s, ignoring...", signal))
				continue
			}
			s.Log.Error(fmt.Sprintf("Received an interrupt: %s, cancelling...", signal))
			partial()
			partial = s.uploadPartial(ctx)
		}
	}
}

// uploadPartial begins to upload a run that was aborted, and returns what ends
// that when there is more to upload.
func (s *sidecar) uploadPartial(ctx context.Context) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.upload(ctx, aborted())
	}()
	return func() {
		cancel()
		<-done
	}
}
