// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"cmp"
	"context"
	"errors"
	"io"
	"strings"

	"gocloud.dev/blob"

	"github.com/cutwater-ci/cutwater/internal/blob/filedriver"
)

// WriteOptions describe an object. The zero value is useful: the content type is
// then that of the key's ending or, failing that, guessed from the first bytes.
type WriteOptions struct {
	ContentType     string
	ContentEncoding string
	CacheControl    string
	Metadata        map[string]string // keys come back in lower case
	// IfNotExist makes Close fail with ErrExists when the object is there already.
	IfNotExist bool
	// Size is about how many bytes will be written: it decides in what portions they
	// are sent, and so how many are held in memory. Zero is not known.
	Size int64
}

// Write puts the object, in place of one of that key. Options may be nil.
func (b *Bucket) Write(ctx context.Context, key string, data []byte, o *WriteOptions) error {
	// Cancelling is how gocloud abandons an object that is written in part.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var sized WriteOptions
	if o != nil {
		sized = *o
	}
	sized.Size = max(1, int64(len(data)))
	w, err := b.NewWriter(ctx, key, &sized)
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		cancel()
		_ = w.Close() // it says that the writing was abandoned
		return err
	}
	return w.Close()
}

// Create puts an object that must not be there yet; if it is, the error is
// ErrExists. Of any number of concurrent creators one succeeds.
func (b *Bucket) Create(ctx context.Context, key string, data []byte) error {
	return b.Write(ctx, key, data, &WriteOptions{IfNotExist: true})
}

// NewWriter returns a writer whose Close puts the object. Cancelling ctx before
// Close abandons it. Options may be nil.
func (b *Bucket) NewWriter(ctx context.Context, key string, o *WriteOptions) (io.WriteCloser, error) {
	if o == nil {
		o = &WriteOptions{}
	}
	options := &blob.WriterOptions{
		ContentType:     cmp.Or(o.ContentType, filedriver.TypeByName(key)),
		ContentEncoding: o.ContentEncoding,
		CacheControl:    o.CacheControl,
		Metadata:        o.Metadata,
		IfNotExist:      o.IfNotExist,
	}
	w := &writer{bucket: b, key: key, portion: b.portion(o.Size)}
	var err error
	if b.kind() == "s3" {
		w.w, err = newPartsWriter(ctx, b.bucket, key, options, o.Size)
	} else {
		options.BufferSize = int(w.portion)
		w.w, err = b.bucket.NewWriter(ctx, key, options)
	}
	if err != nil {
		return nil, b.wrap(err, "writing", key)
	}
	return w, nil
}

// writer says, in errors, what was being written.
type writer struct {
	w       io.WriteCloser
	bucket  *Bucket
	key     string
	portion int64
	written int64
}

// Write implements io.Writer.
func (w *writer) Write(p []byte) (int, error) {
	w.written += int64(len(p))
	n, err := w.w.Write(p)
	return n, w.wrap(err)
}

// Close puts the object.
func (w *writer) Close() error { return w.wrap(w.w.Close()) }

func (w *writer) wrap(err error) error {
	err = w.bucket.wrap(err, "writing", w.key)
	if w.bucket.kind() == "gs" && w.written > w.portion && errors.Is(err, ErrNotFound) && !errors.Is(err, ErrDenied) {
		// Google may forget an upload of which a portion was sent; the bucket is there.
		return errors.New(err.Error() + ": the upload was forgotten") // matches nothing
	}
	return err
}

// kind is how the bucket's URL begins: gs, s3, file or mem.
func (b *Bucket) kind() string {
	kind, _, _ := strings.Cut(b.name, ":")
	return kind
}

// portion is how much of an object of about that size is sent at once.
func (b *Bucket) portion(size int64) int64 {
	switch b.kind() {
	case "gs":
		return chunkSize(size)
	case "s3":
		return partSize(size)
	}
	return 64 << 10 // these hold less
}

// Buffered returns how many bytes a writer for an object of about that size holds
// in memory, at most: who writes several at once can bound their sum.
func (b *Bucket) Buffered(size int64) int64 {
	portion := b.portion(size)
	switch {
	case size > 0 && size < portion:
		return size
	case b.kind() == "s3":
		return partsAtOnce * portion
	}
	return portion
}
