// SPDX-License-Identifier: Apache-2.0

package livelog

import (
	"context"
	"errors"
	"path"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// Partial is metadata of a log that was stored while its job ran, and so may not be
// complete. It has a value that is not empty.
const Partial = "partial"

// Compose makes the live logs of a run, whose folder is dir, into what a sidecar
// would have stored, and removes their chunks. Whole logs that are there stay. It
// is for runs that have ended, and whose sidecar may not have: where there is
// nothing to do it does nothing.
func Compose(ctx context.Context, bucket *blob.Bucket, dir string) error {
	var errs []error
	for object, err := range bucket.List(ctx, dir+"/", "/") {
		if err != nil {
			return err
		}
		if name, ok := strings.CutSuffix(path.Base(object.Key), suffix); ok && object.IsDir {
			errs = append(errs, compose(ctx, bucket, dir, name))
		}
	}
	return errors.Join(errs...)
}

func compose(ctx context.Context, bucket *blob.Bucket, dir, name string) error {
	log, err := Open(ctx, bucket, dir, name)
	if errors.Is(err, blob.ErrNotFound) { // somebody was faster
		return nil
	}
	if err != nil {
		return err
	}
	if err := log.put(ctx, path.Join(dir, name)); err != nil {
		return err
	}
	return Remove(ctx, bucket, dir, name)
}

// put stores the log as one object, unless there is one that is as good.
func (l *Log) put(ctx context.Context, key string) error {
	there, err := l.bucket.Attributes(ctx, key)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		// Should it be there in the end, then a sidecar lives that was thought lost.
		if err := l.write(ctx, key, true); !errors.Is(err, blob.ErrExists) {
			return err
		}
		return nil
	case err != nil:
		return err
	case there.Metadata[Partial] == "", there.ContentEncoding == "" && there.Size >= l.Size:
		return nil
	}
	return l.write(ctx, key, false)
}

func (l *Log) write(ctx context.Context, key string, create bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	to, err := l.bucket.NewWriter(ctx, key, &blob.WriteOptions{ContentType: contentType, Size: l.Size, IfNotExist: create})
	if err != nil {
		return err
	}
	if err := l.Copy(ctx, to, 0); err != nil {
		cancel() // so that closing abandons what was written
		_ = to.Close()
		return err
	}
	return to.Close()
}
