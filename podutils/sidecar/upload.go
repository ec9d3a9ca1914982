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
	"github.com/cutwater-ci/cutwater/podutils/livelog"
	"github.com/cutwater-ci/cutwater/podutils/upload"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// filter censors artifacts.
func (s *sidecar) filter(choice censor.Choice) upload.Filter {
	return func(name string, content io.ReadCloser) (io.ReadCloser, error) {
		_, below, isBelow := strings.Cut(name, "/")
		if !isBelow {
			below = name
		}
		if !choice.Has(below) {
			return content, nil
		}
		return s.found.unpacked(name, content)
	}
}

// upload uploads artifacts, then the logs, then our own log, which tells of them,
// and finished.json last. It returns whether the logs were stored.
func (s *sidecar) upload(ctx context.Context, v verdict) (stored bool) {
	s.secrets.read()
	s.found = newFindings(s.Log, s.secrets.current())
	finished := layout.NewFinished(s.spec, v.passed, v.result, s.metadata(), s.Now())
	s.Log.Info("Starting to upload")
	missing := 0
	_, err := s.uploader.Run(
		ctx, s.spec,
		func(soFar upload.Report) []upload.Object {
			missing = soFar.Missing.Count
			return s.buildLogs(v)
		},
		func(soFar upload.Report) []upload.Object {
			stored = soFar.Missing.Count == missing && ctx.Err() == nil
			return []upload.Object{{Key: layout.SidecarLogsFile, Open: s.openOwnLog}}
		},
		func(soFar upload.Report) []upload.Object {
			s.found.report(finished.Metadata, soFar)
			text, err := json.Marshal(finished)
			if err != nil {
				s.Log.Error("Cannot write "+layout.FinishedFile, "error", err)
				return nil
			}
			return []upload.Object{upload.Text(layout.FinishedFile, string(text))}
		},
	)
	if err != nil {
		s.Log.Error("Failed to upload", "error", err)
	}
	return stored
}

// buildLogs are the outputs of the entries.
func (s *sidecar) buildLogs(v verdict) []upload.Object {
	var logs []upload.Object
	for i := range s.entries {
		log := upload.Object{Key: s.logName(i), Open: func() (io.ReadCloser, error) { return s.openLog(i), nil }}
		if info, err := os.Stat(s.entries[i].ProcessLog); err == nil {
			log.Size = info.Size()
		}
		if v.early {
			log.Metadata = map[string]string{livelog.Partial: "true"}
		}
		logs = append(logs, log)
	}
	return logs
}

// logName is what the output of an entry is stored as.
func (s *sidecar) logName(i int) string {
	if len(s.entries) == 1 {
		return layout.BuildLogFile
	}
	return s.entryName(i) + "-" + layout.BuildLogFile
}

// openLog opens an output without its secrets; instead of one that cannot be
// opened it returns an explanation.
func (s *sidecar) openLog(i int) io.ReadCloser {
	entry := &s.entries[i]
	content, err := openShared(entry, entry.ProcessLog)
	if err != nil {
		s.Log.Error("Failed to open "+entry.ProcessLog, "error", err)
		return io.NopCloser(strings.NewReader(fmt.Sprintf("Failed to open %s: %v\n", entry.ProcessLog, err)))
	}
	return s.found.stream(s.logName(i), content)
}

func (s *sidecar) openOwnLog() (io.ReadCloser, error) {
	info, err := s.OwnLog.Stat()
	if err != nil {
		return nil, err
	}
	content := io.NewSectionReader(s.OwnLog, 0, info.Size())
	return s.found.stream(layout.SidecarLogsFile, io.NopCloser(content)), nil
}

// openShared opens a file that an entry left. A job can put a link in its place,
// and we can read secrets that jobs cannot: so links must not lead out of the
// folder that holds the marker, which is the one that the containers share.
func openShared(entry *wrapper.Options, file string) (*os.File, error) {
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
