// SPDX-License-Identifier: Apache-2.0

// Package initupload tells the bucket that a run began: it uploads started.json
// and what clonerefs did, and ends a run whose code could not be cloned.
//
// Started by: the init container after those of the job. Changes: the run's
// folder in the bucket, and the files that lead to it. Config:
// INITUPLOAD_OPTIONS, JOB_SPEC. In Prow: initupload.
package initupload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/options"
	"github.com/cutwater-ci/cutwater/podutils/upload"
)

// errCloneFailed makes the pod fail.
var errCloneFailed = errors.New("cloning the appropriate refs failed")

// Run uploads what is known of the run at time now.
func Run(ctx context.Context, o *options.InitUpload, spec *jobspec.Spec, now time.Time, sleep upload.Sleep, log *slog.Logger) error {
	uploader, err := upload.New(&o.Upload, nil, sleep, log)
	if err != nil {
		return err
	}
	var records []layout.CloneRecord
	var first, last []upload.Object
	failed := false
	if o.Log != "" {
		text, err := os.ReadFile(o.Log)
		if err != nil {
			return fmt.Errorf("reading clone records: %w", err)
		}
		if err := json.Unmarshal(text, &records); err != nil {
			return fmt.Errorf("reading clone records of %s: %w", o.Log, err)
		}
		cloneLog := layout.CloneLog(records)
		first = append(first, upload.Text(layout.CloneLogFile, cloneLog), upload.Text(layout.CloneRecordsFile, string(text)))
		if failed = anyFailed(records); failed {
			finished, err := finished(now)
			if err != nil {
				return err
			}
			first = append(first, upload.Text(layout.BuildLogFile, cloneLog))
			last = append(last, upload.Text(layout.FinishedFile, finished))
		}
	}
	started, err := json.Marshal(layout.NewStarted(spec, records, now))
	if err != nil {
		return fmt.Errorf("writing %s: %w", layout.StartedFile, err)
	}
	first = append(first, upload.Text(layout.StartedFile, string(started)))
	_, err = uploader.Run(ctx, spec, upload.Objects(first...), upload.Objects(last...))
	if err := errors.Join(err, uploader.Close()); err != nil {
		return fmt.Errorf("uploading to blob storage: %w", err)
	}
	if failed {
		return cloneError(records)
	}
	return nil
}

// cloneError names the failed clones and, where they are known, the reasons.
func cloneError(records []layout.CloneRecord) error {
	var failed []string
	for i := range records {
		r := &records[i]
		if !r.Failed {
			continue
		}
		name := "environment setup"
		if r.Refs.Org != "" || r.Refs.Repo != "" {
			name = r.Refs.OrgRepo()
		}
		if r.Explanation != "" {
			name += ": " + r.Explanation
		}
		failed = append(failed, name)
	}
	return fmt.Errorf("%w: %s", errCloneFailed, strings.Join(failed, "; "))
}

func anyFailed(records []layout.CloneRecord) bool {
	for i := range records {
		if records[i].Failed {
			return true
		}
	}
	return false
}

// finished is finished.json of a run that never began; it names no revision.
func finished(now time.Time) (string, error) {
	data, err := json.Marshal(layout.Finished{Timestamp: new(now.Unix()), Passed: new(false), Result: layout.ResultFailure})
	if err != nil {
		return "", fmt.Errorf("writing %s: %w", layout.FinishedFile, err)
	}
	return string(data), nil
}
