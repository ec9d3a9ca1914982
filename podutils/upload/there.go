// SPDX-License-Identifier: Apache-2.0

package upload

import (
	"bufio"
	"context"
	"hash/maphash"
	"time"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// there is what the run's folder has already, since the upload before this one was
// killed or was of a job that ran on: by the hash of the key, which takes little room.
type there map[uint64]blob.Sum

const (
	// maxThere bounds of how many objects we know that they are there.
	maxThere = 250_000
	// listTimeout bounds how long we try to find out; some clients try for ever.
	listTimeout = 2 * time.Minute
)

// list finds out what is there. Not knowing it only costs time.
func (u *run) list(ctx context.Context) there {
	bucket, ok := u.to.(*blob.Bucket)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	found := there{}
	for o, err := range bucket.List(ctx, u.dir+"/", "") {
		if err != nil {
			u.log.Info("Cannot list what is there already", "error", err)
			break
		}
		if o.Sum.Known() {
			found[u.hash(o.Key)] = o.Sum
		}
		if len(found) == maxThere {
			break
		}
	}
	return found
}

// hash stands for a key.
func (u *Uploader) hash(key string) uint64 { return maphash.String(u.seed, key) }

// isThere tells whether the bucket has the very bytes that would be written, and
// how many these are.
func (u *run) isThere(o Object, buffer *bufio.Reader) (size int64, same bool) {
	sum, ok := u.there[u.hash(o.Key)]
	if !ok {
		return 0, false
	}
	content, err := o.Open()
	if err != nil {
		return 0, false // which comes out when it is opened to be written
	}
	defer func() { _ = content.Close() }() // only read
	buffer.Reset(content)
	check := sum.Check()
	size, err = copyTo(check, buffer, u.compresses(o.Key, buffer))
	return size, err == nil && check.Same()
}
