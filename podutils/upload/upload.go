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
	"sync"
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
// its name is its path from the item on, whose own name comes first. Closing what
// it returns closes content.
type Filter func(name string, content io.ReadCloser) (io.ReadCloser, error)

// Set makes objects that are stored after others, of which it gets to know what
// became of them. Keys are relative to the run's folder.
type Set func(soFar Report) []Object

// Objects is the set of these objects, whatever came before.
func Objects(objects ...Object) Set { return func(Report) []Object { return objects } }

// Uploader uploads what its options name.
type Uploader struct {
	options *options.Upload
	types   mediaTypes
	filter  Filter
	sleep   Sleep
	log     *slog.Logger

	mu     sync.Mutex
	opened target // nil before it is needed
}

// New returns an Uploader, or what is wrong with the options. The filter may be nil.
// It must be closed.
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

// Close closes the bucket, if it was opened.
func (u *Uploader) Close() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.opened == nil {
		return nil
	}
	err := u.opened.Close()
	u.opened = nil
	return err
}

// Folder returns the run's folder, for who writes there beside Run: the bucket,
// which is valid until Close, and the folder's key without a slash at its end. The
// bucket is nil for dry runs and where files go to a folder of the machine.
func (u *Uploader) Folder(ctx context.Context, spec *jobspec.Spec) (bucket *blob.Bucket, dir string, err error) {
	to, err := u.target(ctx)
	if err != nil {
		return nil, "", err
	}
	bucket, _ = to.(*blob.Bucket)
	return bucket, joinKey(u.runDir(spec), u.options.SubDir), nil
}

// runDir is the key of the run's folder, below which the options may name another.
func (u *Uploader) runDir(spec *jobspec.Spec) string {
	if u.options.LocalOutputDir != "" {
		return ""
	}
	return layout.RunDir(u.options.GCSConfiguration, spec)
}

// Run uploads the items and what leads to the run, and after them the sets of
// further objects, one set after the other: who sees finished.json finds everything
// else there. What fails does not keep the rest from being uploaded; the report
// names it, and the error says that there is something.
func (u *Uploader) Run(ctx context.Context, spec *jobspec.Spec, sets ...Set) (Report, error) {
	to, err := u.target(ctx)
	if err != nil {
		return Report{}, err
	}
	var links []Object
	if u.options.LocalOutputDir == "" {
		if links, err = u.links(spec, u.runDir(spec)); err != nil {
			return Report{}, err
		}
	}
	dir := joinKey(u.runDir(spec), u.options.SubDir)
	r := &run{Uploader: u, to: to, dir: dir}
	items := r.newItems(links)
	defer items.close()
	err = r.upload(ctx, items.all())
	for _, set := range sets {
		objects := set(r.soFar())
		for i := range objects {
			objects[i].Key = joinKey(dir, objects[i].Key)
		}
		err = errors.Join(err, r.upload(ctx, slices.Values(objects)))
	}
	return r.soFar(), err
}

// run is one call of Run.
type run struct {
	*Uploader
	reporter
	to  target
	dir string
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
func (u *run) upload(ctx context.Context, objects iter.Seq[Object]) error {
	count, failures := u.round(ctx, objects)
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
		_, failures = u.round(ctx, func(yield func(Object) bool) {
			for _, f := range again {
				if !yield(f.object) {
					return
				}
			}
		})
	}
	lost = append(lost, failures...)
	for _, f := range lost {
		u.missing(strings.TrimPrefix(f.object.Key, u.dir+"/"), f.err)
		u.log.Error("Cannot upload", "dest", f.object.Key, "error", f.err)
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if len(lost) > 0 {
		return fmt.Errorf("%d of %d objects were not uploaded; the first: %s: %w", len(lost), count, lost[0].object.Key, lost[0].err)
	}
	return nil
}

// round tries each object once.
func (u *run) round(ctx context.Context, objects iter.Seq[Object]) (count int, failures []failure) {
	work := make(chan Object)
	done := make(chan []failure)
	for range parallel {
		go func() {
			var own []failure
			for o := range work {
				if err := u.store(ctx, o); err != nil {
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
func (u *run) store(ctx context.Context, o Object) error {
	content, err := o.Open()
	if err != nil {
		return &openError{err}
	}
	defer func() { _ = content.Close() }() // only read
	writing, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	moving := watchdog(func() { cancel(errStuck) })
	defer moving.timer.Stop()
	size, err := u.write(writing, cancel, o, moving.watch(content))
	if cause := context.Cause(writing); err != nil && errors.Is(cause, errStuck) {
		return cause
	}
	if err == nil {
		u.stored(size)
	}
	return err
}

// write returns how many bytes the object has in the bucket.
func (u *run) write(writing context.Context, cancel context.CancelCauseFunc, o Object, content io.Reader) (size int64, err error) {
	from, compress := u.compressing(o.Key, content)
	attributes := &blob.WriteOptions{ContentType: o.ContentType, ContentEncoding: o.ContentEncoding, Metadata: o.Metadata}
	if compress {
		attributes.ContentType, attributes.ContentEncoding = u.types.compressed(o.Key), "gzip"
	}
	w, err := u.to.NewWriter(writing, o.Key, attributes)
	if err != nil {
		return 0, err
	}
	size, err = copyTo(w, from, compress)
	if err != nil {
		cancel(nil) // so that closing abandons what was written
		return 0, errors.Join(err, ignoreCanceled(w.Close()))
	}
	return size, w.Close()
}

func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
