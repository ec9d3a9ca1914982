// SPDX-License-Identifier: Apache-2.0

// Package upload puts the files of a run into the bucket, or into a folder of
// the machine. Initupload and sidecar share it.
//
// In Prow: pkg/gcsupload and pkg/pod-utils/gcs.
package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// parallel is how many objects are written at once.
const parallel = 4

// retryDelays are the waits before the second, third and fourth attempt.
func retryDelays() []time.Duration {
	return []time.Duration{1 * time.Second, 4 * time.Second, 9 * time.Second}
}

// Object is a thing to store.
type Object struct {
	// Key is where in the bucket or, for what is given to Run, in the run's folder.
	Key string
	// Open is called for each attempt.
	Open            func() (io.ReadCloser, error)
	ContentType     string
	ContentEncoding string
	Metadata        map[string]string
}

// Text is an object with the given content.
func Text(key, content string) Object {
	return Object{Key: key, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(content)), nil
	}}
}

// Sleep waits for d, or returns ctx's error when that ends before.
type Sleep func(ctx context.Context, d time.Duration) error

// Filter changes the content of a file below the items on its way to the bucket;
// path is relative to the item. Closing what it returns closes content.
type Filter func(path string, content io.ReadCloser) (io.ReadCloser, error)

// Uploader uploads what its options name.
type Uploader struct {
	options *options.Upload
	types   mediaTypes
	filter  Filter
	sleep   Sleep
	log     *slog.Logger
}

// New returns an Uploader, or what is wrong with the options. The filter may be nil.
func New(o *options.Upload, filter Filter, sleep Sleep, log *slog.Logger) (*Uploader, error) {
	if o.GCSConfiguration == nil || (o.LocalOutputDir == "" && o.Bucket == "") {
		return nil, errors.New("neither bucket nor local_output_dir: nowhere to upload to")
	}
	types, err := newMediaTypes(o.MediaTypes)
	if err != nil {
		return nil, err
	}
	return &Uploader{options: o, types: types, filter: filter, sleep: sleep, log: log}, nil
}

// Run uploads the items and what leads to the run, and after them the sets of
// further objects, whose keys are relative to the run's folder, one set after the
// other: who sees finished.json finds everything else there. What fails does not
// keep the rest from being uploaded.
func (u *Uploader) Run(ctx context.Context, spec *jobspec.Spec, sets ...[]Object) error {
	bucket, err := u.open(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err := bucket.Close(); err != nil {
			u.log.Warn("Cannot close bucket", "error", err)
		}
	}()
	dir := ""
	var links []Object
	if u.options.LocalOutputDir == "" {
		dir = layout.RunDir(u.options.GCSConfiguration, spec)
		if links, err = u.links(spec, dir); err != nil {
			return err
		}
	}
	items := u.newItems(joinKey(dir, u.options.SubDir), links)
	defer items.close()
	err = u.upload(ctx, bucket, items.all())
	for _, set := range sets {
		for i := range set {
			set[i].Key = joinKey(dir, u.options.SubDir, set[i].Key)
		}
		err = errors.Join(err, u.upload(ctx, bucket, slices.Values(set)))
	}
	return err
}

// links are the small files elsewhere that lead to the run's folder.
func (u *Uploader) links(spec *jobspec.Spec, dir string) ([]Object, error) {
	var links []Object
	if alias := layout.Alias(spec); alias != "" {
		bucket, err := layout.ParseBucket(u.options.Bucket)
		if err != nil {
			return nil, err
		}
		link := Text(alias, bucket.Object(dir))
		link.Metadata = map[string]string{"x-goog-meta-link": bucket.Object(dir)}
		links = append(links, link)
	}
	for _, key := range layout.LatestBuilds(u.options.GCSConfiguration, spec) {
		links = append(links, Text(key, spec.BuildID))
	}
	return links, nil
}

// failure is an object that was not stored.
type failure struct {
	object Object
	err    error
}

// upload writes the objects, and those that fail again after a while.
func (u *Uploader) upload(ctx context.Context, to target, objects iter.Seq[Object]) error {
	count, failures := u.round(ctx, to, objects)
	var lost []failure
	for _, delay := range retryDelays() {
		failures, lost = sortOut(failures, lost)
		if len(failures) == 0 {
			break
		}
		u.log.Info("Trying again to upload", "objects", len(failures), "after", delay.String(), "error", failures[0].err)
		if err := u.sleep(ctx, delay); err != nil {
			break
		}
		again := failures
		_, failures = u.round(ctx, to, func(yield func(Object) bool) {
			for _, f := range again {
				if !yield(f.object) {
					return
				}
			}
		})
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	lost = append(lost, failures...)
	for _, f := range lost {
		u.log.Error("Cannot upload", "dest", f.object.Key, "error", f.err)
	}
	if len(lost) > 0 {
		return fmt.Errorf("%d of %d objects were not uploaded; the first: %s: %w", len(lost), count, lost[0].object.Key, lost[0].err)
	}
	return nil
}

// round tries each object once.
func (u *Uploader) round(ctx context.Context, to target, objects iter.Seq[Object]) (count int, failures []failure) {
	work := make(chan Object)
	done := make(chan []failure)
	for range parallel {
		go func() {
			var own []failure
			for o := range work {
				if err := u.store(ctx, to, o); err != nil {
					own = append(own, failure{o, err})
				}
			}
			done <- own
		}()
	}
	for o := range objects {
		if ctx.Err() != nil {
			break
		}
		count++
		work <- o
	}
	close(work)
	for range parallel {
		failures = append(failures, <-done...)
	}
	return count, failures
}

// sortOut moves failures that no further attempt can mend to lost.
func sortOut(failures, lost []failure) (again, gone []failure) {
	for _, f := range failures {
		if isGone(f.err) {
			lost = append(lost, f)
		} else {
			again = append(again, f)
		}
	}
	return again, lost
}

// store writes one object, unless that gets stuck.
func (u *Uploader) store(ctx context.Context, to target, o Object) error {
	content, err := o.Open()
	if err != nil {
		return &openError{err}
	}
	defer func() { _ = content.Close() }() // only read
	writing, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	moving := watchdog(func() { cancel(errStuck) })
	defer moving.timer.Stop()
	if err := u.write(writing, cancel, to, o, moving.watch(content)); err != nil {
		if cause := context.Cause(writing); errors.Is(cause, errStuck) {
			return cause
		}
		return err
	}
	return nil
}

func (u *Uploader) write(writing context.Context, cancel context.CancelCauseFunc, to target, o Object, content io.Reader) error {
	from, compress := u.compressing(o.Key, content)
	attributes := &blob.WriteOptions{ContentType: o.ContentType, ContentEncoding: o.ContentEncoding, Metadata: o.Metadata}
	if compress {
		attributes.ContentType, attributes.ContentEncoding = u.types.compressed(o.Key), "gzip"
	}
	w, err := to.NewWriter(writing, o.Key, attributes)
	if err != nil {
		return err
	}
	if err := copyTo(w, from, compress); err != nil {
		cancel(nil) // so that closing abandons what was written
		return errors.Join(err, ignoreCanceled(w.Close()))
	}
	return w.Close()
}

func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
