// SPDX-License-Identifier: Apache-2.0

package sidecar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/cutwater-ci/cutwater/podutils/censor"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/upload"
)

// filter censors artifacts.
func (s *sidecar) filter(choice censor.Choice) upload.Filter {
	return func(path string, content io.ReadCloser) (io.ReadCloser, error) {
		if !choice.Has(path) {
			return content, nil
		}
		return s.secrets.File(content)
	}
}

// upload uploads artifacts, then logs, and finished.json last.
func (s *sidecar) upload(ctx context.Context, v verdict) {
	s.Log.Info("Starting to upload")
	finished, err := json.Marshal(layout.NewFinished(s.spec, v.passed, v.result, s.metadata(), s.Now()))
	if err != nil {
		s.Log.Error("Cannot write "+layout.FinishedFile, "error", err)
		return
	}
	logs := append(s.buildLogs(), upload.Object{Key: layout.SidecarLogsFile, Open: s.openOwnLog})
	err = s.uploader.Run(ctx, s.spec, logs, []upload.Object{upload.Text(layout.FinishedFile, string(finished))})
	if err != nil {
		s.Log.Error("Failed to upload", "error", err)
	}
}

// buildLogs are the outputs of the entries.
func (s *sidecar) buildLogs() []upload.Object {
	var logs []upload.Object
	for i := range s.entries {
		name := layout.BuildLogFile
		if len(s.entries) > 1 {
			name = s.entryName(i) + "-" + name
		}
		file := s.entries[i].ProcessLog
		logs = append(logs, upload.Object{Key: name, Open: func() (io.ReadCloser, error) { return s.openLog(file) }})
	}
	return logs
}

// openLog opens an output without its secrets; instead of one that is missing
// it returns an explanation.
func (s *sidecar) openLog(file string) (io.ReadCloser, error) {
	content, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		s.Log.Warn("The process left no log", "error", err)
		return io.NopCloser(strings.NewReader(fmt.Sprintf("Failed to open process log: %v", err))), nil
	}
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{s.secrets.Reader(content), content}, nil
}

func (s *sidecar) openOwnLog() (io.ReadCloser, error) { return s.openLog(s.OwnLog) }
