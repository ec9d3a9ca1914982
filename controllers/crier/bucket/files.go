// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/livelog"
)

// What tells our files from those of the pod utilities, in their metadata.
const (
	uploaderKey = "uploader"
	uploader    = "crier"
)

// run is the folder of a run.
type run struct {
	bucket *blob.Bucket
	dir    string
	job    *prowv1.ProwJob
}

func (r *run) key(name string) string { return path.Join(r.dir, name) }

// writeJob stores the ProwJob as it is now.
func (r *run) writeJob(ctx context.Context) error {
	job := r.job.DeepCopy()
	job.ManagedFields = nil // of interest to the API server only
	job.SetGroupVersionKind(prowv1.SchemeGroupVersion.WithKind("ProwJob"))
	data, err := json.MarshalIndent(job, "", "\t")
	if err != nil {
		return fmt.Errorf("writing %s: %w", layout.ProwJobFile, err)
	}
	return r.bucket.Write(ctx, r.key(layout.ProwJobFile), data, nil)
}

// writeStarted stores started.json where initupload did not, and completes ours
// when it is known by then which commit was checked out. What has no refs has
// no commit to tell of.
func (r *run) writeStarted(ctx context.Context) error {
	if r.job.Spec.Refs == nil {
		return nil
	}
	spec := jobspec.Of(r.job)
	existing, err := r.started(ctx)
	if err != nil {
		return err
	}
	if existing != nil && (existing.Metadata[uploaderKey] != uploader || existing.RepoCommit != jobspec.Revision(spec.MainRefs())) {
		return nil
	}
	started := layout.NewStarted(&spec, r.cloneRecords(ctx), r.job.Status.StartTime.Time)
	started.Metadata = map[string]any{uploaderKey: uploader}
	if existing != nil && existing.RepoCommit == started.RepoCommit {
		return nil
	}
	data, err := json.Marshal(started)
	if err != nil {
		return fmt.Errorf("writing %s: %w", layout.StartedFile, err)
	}
	err = r.bucket.Write(ctx, r.key(layout.StartedFile), data, &blob.WriteOptions{IfNotExist: existing == nil})
	if errors.Is(err, blob.ErrExists) {
		return nil // initupload was just now quicker
	}
	return err
}

// started is what is stored; nil when there is nothing.
func (r *run) started(ctx context.Context) (*layout.Started, error) {
	data, err := r.bucket.Read(ctx, r.key(layout.StartedFile))
	if errors.Is(err, blob.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	started := &layout.Started{}
	if err := json.Unmarshal(data, started); err != nil {
		return &layout.Started{}, nil // somebody's own; it is left alone
	}
	return started, nil
}

// cloneRecords are those that initupload stored; they need not be there.
func (r *run) cloneRecords(ctx context.Context) []layout.CloneRecord {
	data, err := r.bucket.Read(ctx, r.key(layout.CloneRecordsFile))
	if err != nil {
		return nil
	}
	var records []layout.CloneRecord
	if err := json.Unmarshal(data, &records); err != nil {
		return nil
	}
	return records
}

// saveLogs puts the log of a run together whose sidecar did not get to it.
func (r *run) saveLogs(ctx context.Context) error {
	return livelog.Compose(ctx, r.bucket, r.dir)
}

// writeFinished stores finished.json where sidecar did not.
func (r *run) writeFinished(ctx context.Context) error {
	state := r.job.Status.State
	data, err := json.Marshal(layout.Finished{
		Timestamp: new(r.job.Status.CompletionTime.Unix()),
		Passed:    new(state == prowv1.SuccessState),
		Result:    string(state), // in small letters, as crier's always are
		Metadata:  map[string]any{uploaderKey: uploader},
	})
	if err != nil {
		return fmt.Errorf("writing %s: %w", layout.FinishedFile, err)
	}
	err = r.bucket.Create(ctx, r.key(layout.FinishedFile), data)
	if errors.Is(err, blob.ErrExists) {
		return nil
	}
	return err
}
