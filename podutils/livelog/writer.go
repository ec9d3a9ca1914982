// SPDX-License-Identifier: Apache-2.0

package livelog

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/podutils/censor"
)

// File is an open log; *os.File is one.
type File interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
}

// Source is a log that a job writes. The job may do anything to the file: what is
// cut off or put in its place is read from its start, as if it came after what was
// there before.
type Source struct {
	// Open opens the file. It is called for each update.
	Open func() (File, error)
	// Secrets are to be taken out. It is asked for each piece of the log after that
	// was read: what the job could know when it wrote the piece is known by then.
	// When the answer is another one, the log is stored anew from its start.
	Secrets func() *censor.Secrets
}

// Writer copies a log into the bucket as it grows. It must not be used
// concurrently. It holds no more than one chunk in memory.
type Writer struct {
	bucket    *blob.Bucket
	dir, name string
	source    Source

	// file is what was read last, up to the offset read.
	file  fs.FileInfo
	read  int64
	piece []byte
	// stream takes out the secrets that were known last.
	stream *censor.Stream
	known  *censor.Secrets

	// begun tells that what is in the bucket is this writer's.
	begun bool
	// last is the beginning of the chunk that is last, which begins at offset; of
	// it so many bytes are in the bucket.
	last   []byte
	offset int64
	stored int
}

// NewWriter returns what writes the log of that name in the run's folder dir.
func NewWriter(bucket *blob.Bucket, dir, name string, source Source) *Writer {
	return &Writer{bucket: bucket, dir: dir, name: name, source: source, piece: make([]byte, pieceSize)}
}

// pieceSize is how much of a log is read at once, in bytes.
const pieceSize = 64 << 10

// Update stores what is new in the log. After an error it may be called again, and
// goes on where it stopped. A file that is not there has nothing new.
func (w *Writer) Update(ctx context.Context) error {
	file, err := w.source.Open()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if w.file == nil || !os.SameFile(w.file, info) || info.Size() < w.read {
		w.read = 0
	}
	w.file = info
	// Not more than is there now, since a job can write faster than we do.
	for w.read < info.Size() {
		if err := w.storeFull(ctx); err != nil {
			return err
		}
		n, err := file.ReadAt(w.piece[:min(info.Size()-w.read, pieceSize)], w.read)
		if n == 0 {
			if errors.Is(err, io.EOF) { // it was cut off meanwhile
				break
			}
			return err
		}
		if known := w.source.Secrets(); known != w.known {
			w.restart(known)
			continue
		}
		w.read += int64(n)
		w.last = append(w.last, w.clean(w.piece[:n])...)
	}
	if err := w.storeFull(ctx); err != nil {
		return err
	}
	return w.store(ctx, len(w.last))
}

// restart begins again, since there are secrets that may have been overlooked.
func (w *Writer) restart(known *censor.Secrets) {
	w.known, w.stream = known, known.Stream(nil)
	w.begun, w.read, w.last, w.offset, w.stored = false, 0, w.last[:0], 0, 0
}

// clean takes the secrets out of the next piece, except that the start of what may
// be one stays back.
func (w *Writer) clean(piece []byte) []byte {
	if w.known.Empty() {
		return piece
	}
	return w.stream.Add(piece)
}

// storeFull stores the chunks that will not grow any more.
func (w *Writer) storeFull(ctx context.Context) error {
	for size := chunkSize(w.offset); len(w.last) >= size; size = chunkSize(w.offset) {
		if err := w.store(ctx, size); err != nil {
			return err
		}
		w.last = append(w.last[:0], w.last[size:]...)
		w.offset += int64(size)
		w.stored = 0
	}
	return nil
}

// writeTimeout is how long storing one chunk may take.
const writeTimeout = time.Minute

// store makes the last chunk in the bucket so many bytes long.
func (w *Writer) store(ctx context.Context, size int) error {
	if size == w.stored {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if !w.begun {
		// It may be of an earlier sidecar of this run.
		if err := Remove(ctx, w.bucket, w.dir, w.name); err != nil {
			return err
		}
		w.begun = true
	}
	key := chunkKey(folder(w.dir, w.name), w.offset)
	if err := w.bucket.Write(ctx, key, w.last[:size], &blob.WriteOptions{ContentType: contentType}); err != nil {
		return err
	}
	w.stored = size
	return nil
}

const contentType = "text/plain; charset=utf-8"

// Remove removes what was stored, since the whole log is in the bucket. Nothing
// may be stored after that.
func (w *Writer) Remove(ctx context.Context) error {
	if !w.begun {
		return nil
	}
	return Remove(ctx, w.bucket, w.dir, w.name)
}
