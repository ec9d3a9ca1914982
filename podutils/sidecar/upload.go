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
	"path/filepath"
	"strings"

	"github.com/cutwater-ci/cutwater/podutils/censor"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/upload"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// filter censors artifacts.
func (s *sidecar) filter(choice censor.Choice) upload.Filter {
	return func(path string, content io.ReadCloser) (io.ReadCloser, error) {
		if !choice.Has(path) {
			return content, nil
		}
		return s.secrets.File(content, nil)
	}
}

// upload uploads artifacts, then logs, and finished.json last.
func (s *sidecar) upload(ctx context.Context, v verdict) {
	metadata := s.metadata()
	s.Log.Info("Starting to upload")
	finished, err := json.Marshal(layout.NewFinished(s.spec, v.passed, v.result, metadata, s.Now()))
	if err != nil {
		s.Log.Error("Cannot write "+layout.FinishedFile, "error", err)
		return
	}
	logs := append(s.buildLogs(), upload.Object{Key: layout.SidecarLogsFile, Open: s.openOwnLog})
	_, err = s.uploader.Run(ctx, s.spec, upload.Objects(logs...), upload.Objects(upload.Text(layout.FinishedFile, string(finished))))
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
		logs = append(logs, upload.Object{Key: name, Open: func() (io.ReadCloser, error) { return s.openLog(&s.entries[i]), nil }})
	}
	return logs
}

// openLog opens an output without its secrets; instead of one that cannot be
// opened it returns an explanation.
func (s *sidecar) openLog(entry *wrapper.Options) io.ReadCloser {
	content, err := openShared(entry, entry.ProcessLog)
	if err != nil {
		s.Log.Error("Failed to open "+entry.ProcessLog, "error", err)
		return io.NopCloser(strings.NewReader(fmt.Sprintf("Failed to open %s: %v\n", entry.ProcessLog, err)))
	}
	return s.censored(content)
}

func (s *sidecar) openOwnLog() (io.ReadCloser, error) {
	content, err := os.Open(s.OwnLog)
	if err != nil {
		return nil, err
	}
	return s.censored(content), nil
}

func (s *sidecar) censored(content io.ReadCloser) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{s.secrets.Reader(content, nil), content}
}

// openShared opens a file that an entry left. A job can put a link in its place,
// and we can read secrets that jobs cannot: so links must not lead out of the
// folder that holds the marker, which is the one that the containers share.
func openShared(entry *wrapper.Options, file string) (io.ReadCloser, error) {
	dir := filepath.Dir(entry.MarkerFile)
	name, err := filepath.Rel(dir, file)
	if err != nil || !filepath.IsLocal(name) { // as no pod has it that we make
		dir, name = filepath.Dir(file), filepath.Base(file)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // the file stays open
	content, err := upload.OpenRegular(root, name)
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = &fs.PathError{Op: "open", Path: file, Err: pathErr.Err} // the whole path
	}
	return content, err
}
