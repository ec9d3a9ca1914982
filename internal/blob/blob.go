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
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"gocloud.dev/blob"
)

// Bucket holds objects by key. It is safe for concurrent use.
type Bucket struct {
	bucket *blob.Bucket
	name   string // URL without query, for errors
}

// Object is an entry of a listing.
type Object struct {
	Key     string // ends with the delimiter if IsDir
	Size    int64
	ModTime time.Time
	IsDir   bool // stands for all keys that begin with Key
	Sum     Sum
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
			if !yield(Object{Key: o.Key, Size: o.Size, ModTime: o.ModTime, IsDir: o.IsDir, Sum: sumOf(o)}, nil) {
				return
			}
		}
	}
}
