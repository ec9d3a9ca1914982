// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"gocloud.dev/blob"
)

const (
	// leastPart is the smallest part that S3 takes, but for the last.
	leastPart = 5 << 20
	// maxParts is how many parts S3 takes.
	maxParts = 10_000
	// partsAtOnce is how many parts of one object are in memory: two are sent while
	// the next is gathered.
	partsAtOnce = 3
	// abortTimeout is for removing the parts of an object that was abandoned.
	abortTimeout = 30 * time.Second
)

// partSize is how large the parts of an object of about that size are. What is
// smaller is sent whole, in one request.
func partSize(size int64) int64 {
	// A tenth of the parts is spared, since the size is not exact.
	const step, parts = 1 << 20, maxParts * 9 / 10
	return max(leastPart, (size/parts+step-1)/step*step)
}

// partsWriter writes an S3 object, in parts when it is large. It is ours, since the
// AWS SDK's holds several times as much in memory, and leaves the parts of what is
// abandoned in the bucket.
type partsWriter struct {
	ctx    context.Context
	client *s3.Client
	// object has the key and attributes, as gocloud escapes them.
	object *transfermanager.UploadObjectInput
	sniff  bool  // for the content type
	size   int64 // of a part

	buffer []byte // what is gathered
	// free has the buffers that are not used now; nil ones are not made yet.
	free    chan []byte
	upload  *string // the upload in parts, if it is one
	count   int32   // of parts
	sending sync.WaitGroup

	mu   sync.Mutex
	sent []types.CompletedPart
	err  error // the first
}

// errWorded ends what was only begun to learn gocloud's words.
var errWorded = errors.New("worded")

func newPartsWriter(ctx context.Context, bucket *blob.Bucket, key string, o *blob.WriterOptions, size int64) (*partsWriter, error) {
	w := &partsWriter{ctx: ctx, size: partSize(size), sniff: o.ContentType == "", free: make(chan []byte, partsAtOnce)}
	if w.sniff {
		o.ContentType = "application/octet-stream" // or gocloud waits for content
	}
	o.BeforeWrite = func(as func(any) bool) error {
		if !as(&w.object) || !bucket.As(&w.client) {
			return errors.New("gocloud does not tell how it writes")
		}
		return errWorded
	}
	if _, err := bucket.NewWriter(ctx, key, o); w.object == nil || w.client == nil {
		return nil, err
	}
	for range partsAtOnce - 1 {
		w.free <- nil
	}
	capacity := w.size
	if size > 0 {
		capacity = min(capacity, size)
	}
	w.buffer = make([]byte, 0, capacity)
	return w, nil
}

// Write implements io.Writer.
func (w *partsWriter) Write(p []byte) (written int, err error) {
	for len(p) > 0 {
		if int64(len(w.buffer)) == w.size {
			if err := w.sendPart(); err != nil {
				return written, err
			}
		}
		n := min(len(p), int(w.size)-len(w.buffer))
		w.buffer = append(w.buffer, p[:n]...)
		p = p[n:]
		written += n
	}
	return written, nil
}

// Close puts the object, unless the writer's context has ended.
func (w *partsWriter) Close() error {
	err := cmp.Or(w.failed(), w.ctx.Err())
	if w.upload == nil {
		if err == nil {
			err = w.put()
		}
		return err
	}
	if err == nil {
		err = w.sendPart() // the last
	}
	w.sending.Wait()
	if err = cmp.Or(err, w.failed()); err == nil {
		err = w.complete()
	}
	if err != nil {
		w.abort()
	}
	return err
}

// put sends the whole object in one request.
func (w *partsWriter) put() error {
	w.findType()
	_, err := w.client.PutObject(w.ctx, &s3.PutObjectInput{
		Bucket: w.object.Bucket, Key: w.object.Key, Body: bytes.NewReader(w.buffer), IfNoneMatch: w.object.IfNoneMatch,
		ContentType: w.object.ContentType, ContentEncoding: w.object.ContentEncoding, CacheControl: w.object.CacheControl,
		Metadata: w.object.Metadata,
	})
	return err
}

func (w *partsWriter) findType() {
	if w.sniff {
		w.object.ContentType = aws.String(http.DetectContentType(w.buffer))
	}
}

// checksum is what parts are sent with; what is sent whole gets it from the client.
func (w *partsWriter) checksum() types.ChecksumAlgorithm {
	if w.client.Options().RequestChecksumCalculation == aws.RequestChecksumCalculationWhenRequired {
		return ""
	}
	return types.ChecksumAlgorithmCrc32
}

// sendPart begins to send what is gathered, and makes room for more.
func (w *partsWriter) sendPart() error {
	if w.upload == nil {
		if err := w.create(); err != nil {
			return w.fail(err)
		}
	}
	if w.count++; w.count > maxParts {
		return w.fail(fmt.Errorf("there are more than %d parts of %d bytes", maxParts, w.size))
	}
	number, part := w.count, w.buffer
	w.sending.Go(func() {
		if err := w.send(number, part); err != nil {
			_ = w.fail(err) // which is found there
		}
		w.free <- part[:0]
	})
	if w.buffer = <-w.free; w.buffer == nil {
		w.buffer = make([]byte, 0, w.size)
	}
	return w.failed()
}

func (w *partsWriter) create() error {
	w.findType()
	created, err := w.client.CreateMultipartUpload(w.ctx, &s3.CreateMultipartUploadInput{
		Bucket: w.object.Bucket, Key: w.object.Key, ChecksumAlgorithm: w.checksum(),
		ContentType: w.object.ContentType, ContentEncoding: w.object.ContentEncoding, CacheControl: w.object.CacheControl,
		Metadata: w.object.Metadata,
	})
	if err == nil {
		w.upload = created.UploadId
	}
	return err
}

func (w *partsWriter) send(number int32, part []byte) error {
	sent, err := w.client.UploadPart(w.ctx, &s3.UploadPartInput{
		Bucket: w.object.Bucket, Key: w.object.Key, UploadId: w.upload, PartNumber: aws.Int32(number),
		Body: bytes.NewReader(part), ChecksumAlgorithm: w.checksum(),
	})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, types.CompletedPart{PartNumber: aws.Int32(number), ETag: sent.ETag, ChecksumCRC32: sent.ChecksumCRC32})
	return nil
}

// fail keeps the first error, and returns it.
func (w *partsWriter) fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = cmp.Or(w.err, err)
	return w.err
}

func (w *partsWriter) failed() error { return w.fail(nil) }

// complete makes the parts an object.
func (w *partsWriter) complete() error {
	slices.SortFunc(w.sent, func(a, b types.CompletedPart) int { return cmp.Compare(*a.PartNumber, *b.PartNumber) })
	_, err := w.client.CompleteMultipartUpload(w.ctx, &s3.CompleteMultipartUploadInput{
		Bucket: w.object.Bucket, Key: w.object.Key, UploadId: w.upload, IfNoneMatch: w.object.IfNoneMatch,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: w.sent},
	})
	return err
}

// abort removes the parts. If that fails, the bucket's rules for parts will.
func (w *partsWriter) abort() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), abortTimeout) // the writer's may have ended
	defer cancel()
	_, _ = w.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{ // see above
		Bucket: w.object.Bucket, Key: w.object.Key, UploadId: w.upload,
	})
}
