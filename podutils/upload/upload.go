// SPDX-License-Identifier: Apache-2.0

// Package upload puts the files of a run into the bucket, or into a folder of
// the machine. Initupload and sidecar share it.
//
// What fails is tried four times, unless the bucket refuses it; what is missing in
// the end is named, and so is what was left out on purpose: a job makes its
// artifacts as it likes. Files are read while they are sent, and neither their size
// nor their number matters to memory.
//
// An upload that was killed goes on when it is run again: the bucket's listing tells
// the sum of what is there, and a file with that sum is not sent again. So nothing
// has to be kept between the two, least of all in a folder that the job can write
// to. Where the bucket tells no sums, as a folder, or may not be listed, all is sent
// again. What is there of an object that was being sent in parts is lost, and S3
// keeps it until a rule of the bucket (AbortIncompleteMultipartUpload) removes it.
//
// In Prow: pkg/gcsupload and pkg/pod-utils/gcs.
package upload

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
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

// Object is a thing to store.
type Object struct {
	// Key is where in the bucket or, for what is given to Run, in the run's folder.
	Key string
	// Open is called for each attempt.
	Open func() (io.ReadCloser, error)
	// Size is about how many bytes there are, unless what Open returns has a method
	// Size that tells it. Zero is not known.
	Size            int64
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
// it returns closes content. It is called for each attempt.
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
	seed    maphash.Seed

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
	return &Uploader{options: o, types: types, filter: filter, sleep: sleep, log: log, seed: maphash.MakeSeed()}, nil
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
	r := u.newRun(to, dir)
	if len(u.options.Items) > 0 {
		r.there = r.list(ctx)
	}
	items := r.newItems(links)
	defer items.close()
	err = r.upload(ctx, items.all())
	r.there = nil // the sets tell of this run
	for _, set := range sets {
		objects := set(r.soFar())
		for i := range objects {
			objects[i].Key = joinKey(dir, objects[i].Key)
		}
		err = errors.Join(err, r.upload(ctx, slices.Values(objects)))
	}
	return r.soFar(), err
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
