// SPDX-License-Identifier: Apache-2.0

// Package blob keeps objects in a bucket: Google Cloud Storage (gs://), S3 and
// whatever speaks its protocol (s3://), a folder (file://) or memory (mem://).
//
// It is started by whoever opens a [Bucket], and changes that bucket only. All
// four kinds keep the same promises, and one conformance test holds them to it:
//
//   - a write is seen whole or not at all, and is durable when Close returned nil;
//   - [Bucket.Create] lets exactly one of any number of writers win;
//   - listing is in order of keys and sees every write that has finished;
//   - bytes come back as they went in, a Content-Encoding notwithstanding.
//
// It rests on gocloud.dev/blob; no other package imports that or a cloud's SDK.
// In Prow: the packages "io" and "pod-utils/gcs".
package blob

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/cutwater-ci/cutwater/internal/blob/filedriver"
)

var (
	// ErrNotFound is what errors are when there is no such object or bucket.
	ErrNotFound = errors.New("not found")
	// ErrExists is what errors are when an object that must not exist does.
	ErrExists = errors.New("exists already")
)

// Bucket holds objects by key. It is safe for concurrent use.
type Bucket struct {
	bucket *blob.Bucket
	name   string // URL without query, for errors
}

// WriteOptions describe an object. The zero value is useful: the content type is
// then that of the key's ending or, failing that, guessed from the first bytes.
type WriteOptions struct {
	ContentType     string
	ContentEncoding string
	CacheControl    string
	Metadata        map[string]string // keys come back in lower case
	// IfNotExist makes Close fail with ErrExists when the object is there already.
	IfNotExist bool
}

// Object is an entry of a listing.
type Object struct {
	Key     string // ends with the delimiter if IsDir
	Size    int64
	ModTime time.Time
	IsDir   bool // stands for all keys that begin with Key
}

// Attributes describe an object.
type Attributes struct {
	ContentType     string
	ContentEncoding string
	CacheControl    string
	Metadata        map[string]string
	Size            int64
	ModTime         time.Time
}

// String returns the bucket's URL without parameters.
func (b *Bucket) String() string { return b.name }

// Close frees what the bucket holds open.
func (b *Bucket) Close() error { return b.bucket.Close() }

// Read returns the whole object.
func (b *Bucket) Read(ctx context.Context, key string) ([]byte, error) {
	r, err := b.NewReader(ctx, key)
	if err != nil {
		return nil, err
	}
	data := bytes.NewBuffer(make([]byte, 0, max(r.Size(), 0)+bytes.MinRead))
	_, err = data.ReadFrom(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, b.wrap(err, "reading", key)
	}
	return data.Bytes(), nil
}

// Reader reads an object, or a part of it. It must be closed.
type Reader struct{ r *blob.Reader }

func (r *Reader) Read(p []byte) (int, error) { return r.r.Read(p) }

// Seek sets where the next Read begins, within the part that was opened.
func (r *Reader) Seek(offset int64, whence int) (int64, error) { return r.r.Seek(offset, whence) }

// Close ends reading.
func (r *Reader) Close() error { return r.r.Close() }

// Size returns the size of the whole object in bytes.
func (r *Reader) Size() int64 { return r.r.Size() }

// ModTime returns when the object was written.
func (r *Reader) ModTime() time.Time { return r.r.ModTime() }

// ContentType returns the object's content type.
func (r *Reader) ContentType() string { return r.r.ContentType() }

// NewReader opens the object for reading from its start.
func (b *Bucket) NewReader(ctx context.Context, key string) (*Reader, error) {
	return b.NewRangeReader(ctx, key, 0, -1)
}

// NewRangeReader opens length bytes of the object from offset on; a negative
// length means all the rest.
func (b *Bucket) NewRangeReader(ctx context.Context, key string, offset, length int64) (*Reader, error) {
	r, err := b.bucket.NewRangeReader(ctx, key, offset, length, &blob.ReaderOptions{BeforeRead: readCompressed})
	if err != nil {
		return nil, b.wrap(err, "reading", key)
	}
	return &Reader{r: r}, nil
}

// Write puts the object, in place of one of that key. Options may be nil.
func (b *Bucket) Write(ctx context.Context, key string, data []byte, o *WriteOptions) error {
	// Cancelling is how gocloud abandons an object that is written in part.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := b.NewWriter(ctx, key, o)
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		cancel()
		_ = w.Close() // it says that the writing was abandoned
		return b.wrap(err, "writing", key)
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
	w, err := b.bucket.NewWriter(ctx, key, &blob.WriterOptions{
		ContentType:     cmp.Or(o.ContentType, filedriver.TypeByName(key)),
		ContentEncoding: o.ContentEncoding,
		CacheControl:    o.CacheControl,
		Metadata:        o.Metadata,
		IfNotExist:      o.IfNotExist,
	})
	if err != nil {
		return nil, b.wrap(err, "writing", key)
	}
	return &writer{w, b, key}, nil
}

type writer struct {
	*blob.Writer
	bucket *Bucket
	key    string
}

// Close puts the object.
func (w *writer) Close() error { return w.bucket.wrap(w.Writer.Close(), "writing", w.key) }

// Delete removes the object; ErrNotFound says that there was none.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	return b.wrap(b.bucket.Delete(ctx, key), "deleting", key)
}

// Exists reports whether there is an object of that key.
func (b *Bucket) Exists(ctx context.Context, key string) (bool, error) {
	ok, err := b.bucket.Exists(ctx, key)
	return ok, b.wrap(err, "looking for", key)
}

// Attributes describes the object.
func (b *Bucket) Attributes(ctx context.Context, key string) (Attributes, error) {
	a, err := b.bucket.Attributes(ctx, key)
	if err != nil {
		return Attributes{}, b.wrap(err, "reading attributes of", key)
	}
	return Attributes{
		ContentType:     a.ContentType,
		ContentEncoding: a.ContentEncoding,
		CacheControl:    a.CacheControl,
		Metadata:        a.Metadata,
		Size:            a.Size,
		ModTime:         a.ModTime,
	}, nil
}

// List yields the objects whose keys begin with prefix, in order of keys. With a
// delimiter ("/"), keys that have it after the prefix are folded into one Object
// up to and with the delimiter, as a folder. The first error ends the listing.
func (b *Bucket) List(ctx context.Context, prefix, delimiter string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		it := b.bucket.List(&blob.ListOptions{Prefix: prefix, Delimiter: delimiter})
		for {
			o, err := it.Next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Object{}, b.wrap(err, "listing", prefix))
				return
			}
			if !yield(Object{Key: o.Key, Size: o.Size, ModTime: o.ModTime, IsDir: o.IsDir}, nil) {
				return
			}
		}
	}
}

// wrap says what was being done with which object, and makes err match ErrNotFound
// or ErrExists where it means that. It returns nil for nil.
func (b *Bucket) wrap(err error, doing, key string) error {
	if err == nil {
		return nil
	}
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		return fmt.Errorf("%s %s/%s: %w", doing, b.name, key, &codedError{ErrNotFound, err})
	case gcerrors.FailedPrecondition, gcerrors.AlreadyExists:
		return fmt.Errorf("%s %s/%s: %w", doing, b.name, key, &codedError{ErrExists, err})
	default:
		return fmt.Errorf("%s %s/%s: %w", doing, b.name, key, err)
	}
}

// codedError is err, and matches code too.
type codedError struct{ code, err error }

// Error returns the code's words: the provider's run to several lines, and say no more.
func (e *codedError) Error() string   { return e.code.Error() }
func (e *codedError) Unwrap() []error { return []error{e.code, e.err} }
