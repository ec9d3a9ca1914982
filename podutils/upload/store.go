// SPDX-License-Identifier: Apache-2.0

package upload

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

const (
	// small is the size, in bytes, up to which content is read before it is written.
	// Most files are small, and nothing that is planned for a big one is needed then.
	small = 64 << 10
	// memory is how many bytes of larger objects may wait to be sent, together. A
	// single object that needs more gets them.
	memory = 16 << 20
)

// store writes one object, unless that gets stuck or the object is there already.
func (u *run) store(ctx context.Context, o Object, buffer *bufio.Reader) error {
	if size, same := u.isThere(o, buffer); same {
		u.stored(size)
		return nil
	}
	content, err := o.Open()
	if left, ok := errors.AsType[*leftOutError](err); ok {
		u.leftOut(left.path, left.err)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }() // only read
	writing, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	moving := &watched{content: content}
	defer moving.stop()
	buffer.Reset(moving)
	size := sizeOf(o, content, buffer)
	free, err := u.reserve(ctx, size)
	if err != nil {
		return err
	}
	defer free()
	moving.start(func() { cancel(errStuck) })
	size, err = u.write(writing, cancel, o, buffer, size)
	if cause := context.Cause(writing); err != nil && errors.Is(cause, errStuck) {
		return cause
	}
	if err == nil {
		u.stored(size)
	}
	return err
}

// sizeOf is about how many bytes are to come, and exactly if they are few; zero is
// not known.
func sizeOf(o Object, content io.Reader, buffer *bufio.Reader) int64 {
	start, err := buffer.Peek(small)
	if err != nil { // which may be io.EOF; others come again when it is read
		return max(1, int64(len(start)))
	}
	size := o.Size
	if sized, ok := content.(interface{ Size() int64 }); ok {
		size = sized.Size()
	}
	if size == 0 {
		return 0
	}
	return max(size, small)
}

// reserve waits until there is memory for an object of that size.
func (u *run) reserve(ctx context.Context, size int64) (free func(), err error) {
	bucket, ok := u.to.(*blob.Bucket)
	if !ok || (size > 0 && size <= small) {
		return func() {}, nil
	}
	need := min(bucket.Buffered(size), memory)
	if err := u.memory.Acquire(ctx, need); err != nil {
		return nil, err
	}
	return func() { u.memory.Release(need) }, nil
}

// write writes content of about that size, and returns how many bytes the object has
// in the bucket.
func (u *run) write(writing context.Context, cancel context.CancelCauseFunc, o Object, content *bufio.Reader, about int64) (size int64, err error) {
	attributes := &blob.WriteOptions{ContentType: o.ContentType, ContentEncoding: o.ContentEncoding, Metadata: o.Metadata, Size: about}
	compress := u.compresses(o.Key, content)
	if compress {
		attributes.ContentType, attributes.ContentEncoding = u.types.compressed(o.Key), "gzip"
	}
	w, err := u.to.NewWriter(writing, o.Key, attributes)
	if err != nil {
		return 0, err
	}
	size, err = copyTo(w, content, compress)
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

// copyTo copies, and compresses; it returns how many bytes it wrote.
func copyTo(to io.Writer, from *bufio.Reader, compress bool) (int64, error) {
	if !compress {
		return io.Copy(to, from)
	}
	counted := &counter{Writer: to}
	zip := gzip.NewWriter(counted)
	_, err := io.Copy(zip, from)
	return counted.bytes, errors.Join(err, zip.Close())
}

type counter struct {
	io.Writer
	bytes int64
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.bytes += int64(n)
	return n, err
}
