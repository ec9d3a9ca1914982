// SPDX-License-Identifier: Apache-2.0

package livelog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// Log is a live log as it was when it was opened.
type Log struct {
	// Size is in bytes.
	Size int64
	// ModTime is when the end was written.
	ModTime time.Time

	bucket  *blob.Bucket
	folder  string
	offsets []int64 // of the chunks
}

// Open finds the live log of that name in the run's folder dir; where there is
// none, the error is blob.ErrNotFound.
func Open(ctx context.Context, bucket *blob.Bucket, dir, name string) (*Log, error) {
	log := &Log{bucket: bucket, folder: folder(dir, name)}
	for object, err := range bucket.List(ctx, log.folder, "") {
		if err != nil {
			return nil, err
		}
		offset, err := parseOffset(strings.TrimPrefix(object.Key, log.folder))
		if err != nil {
			continue // not ours
		}
		log.offsets = append(log.offsets, offset)
		log.Size, log.ModTime = offset+object.Size, object.ModTime
	}
	if len(log.offsets) == 0 {
		return nil, fmt.Errorf("live log %s/%s: %w", bucket, log.folder, blob.ErrNotFound)
	}
	return log, nil
}

// Copy writes the log from an offset on. It fails with blob.ErrNotFound when the
// log is not live any more, since the whole one has been stored.
func (l *Log) Copy(ctx context.Context, to io.Writer, from int64) error {
	for i, offset := range l.offsets {
		end := l.Size
		if i+1 < len(l.offsets) {
			end = l.offsets[i+1]
		}
		if end <= from {
			continue
		}
		skip := max(0, from-offset)
		if err := l.copyChunk(ctx, to, offset, skip, end-offset-skip); err != nil {
			return err
		}
	}
	return nil
}

func (l *Log) copyChunk(ctx context.Context, to io.Writer, offset, skip, length int64) error {
	chunk, err := l.bucket.NewRangeReader(ctx, chunkKey(l.folder, offset), skip, length)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, chunk)
	return errors.Join(err, chunk.Close())
}
