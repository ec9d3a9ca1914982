// SPDX-License-Identifier: Apache-2.0

package upload

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// parallel is how many objects are written at once.
const parallel = 4

// retryDelays are the waits before the second, third and fourth attempt. A bucket
// that asks for more time gets it.
func retryDelays() []time.Duration {
	return []time.Duration{1 * time.Second, 4 * time.Second, 9 * time.Second}
}

// maxFailed bounds how many objects wait for their next attempt, and how many may
// be missing in a row before we take it that the bucket takes nothing any more.
const maxFailed = 100

// errGivenUp is why objects are missing that were not tried.
var errGivenUp = fmt.Errorf("not tried, since %d objects before it could not be stored", maxFailed)

// run is one call of Run.
type run struct {
	*Uploader
	reporter
	to     target
	dir    string
	there  there
	memory *semaphore.Weighted
}

func (u *Uploader) newRun(to target, dir string) *run {
	return &run{Uploader: u, reporter: reporter{logger: u.log}, to: to, dir: dir, memory: semaphore.NewWeighted(memory)}
}

// failure is an object that was not stored.
type failure struct {
	object Object
	err    error
}

// upload writes the objects, and those that fail again after a while.
func (u *run) upload(ctx context.Context, objects iter.Seq[Object]) error {
	next, stop := iter.Pull(objects)
	defer stop()
	b := &batch{run: u}
	u.newRow()
	for more := true; more && ctx.Err() == nil; {
		more = b.round(ctx, next, func() bool { return b.failures() >= maxFailed || b.missingInARow() >= maxFailed })
		for _, delay := range retryDelays() {
			if len(b.failed) == 0 {
				break
			}
			delay = max(delay, b.retryAfter())
			u.log.Info("Trying again to upload", "objects", len(b.failed), "after", delay.String(), "error", b.failed[0].err)
			if err := u.sleep(ctx, delay); err != nil {
				break
			}
			b.again(ctx)
		}
		for _, f := range b.failed {
			b.lose(f)
		}
		b.failed = nil
		if u.missingInARow() >= maxFailed {
			b.giveUp(next)
			break
		}
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if b.lost > 0 {
		return fmt.Errorf("%d of %d objects were not uploaded; the first: %s: %w", b.lost, b.count, b.first.object.Key, b.first.err)
	}
	return nil
}

// batch is the objects that are uploaded together.
type batch struct {
	*run

	mu     sync.Mutex
	count  int
	failed []failure // and may do better
	lost   int
	first  failure // of those that are lost
}

// round tries objects once, until it is enough. It returns whether there may be more.
func (b *batch) round(ctx context.Context, next func() (Object, bool), enough func() bool) (more bool) {
	work := make(chan Object)
	var workers sync.WaitGroup
	for range parallel {
		workers.Go(func() {
			buffer := bufio.NewReaderSize(nil, small)
			for o := range work {
				if err := b.store(ctx, o, buffer); err != nil {
					b.fail(failure{o, err})
				}
			}
		})
	}
	defer workers.Wait()
	defer close(work)
	for ctx.Err() == nil && !enough() {
		o, ok := next()
		if !ok {
			return false
		}
		b.count++
		work <- o
	}
	return true
}

// again tries once more what failed.
func (b *batch) again(ctx context.Context) {
	failed := b.failed
	b.failed = nil
	b.count -= len(failed) // which counts them again
	next, stop := iter.Pull(func(yield func(Object) bool) {
		for _, f := range failed {
			if !yield(f.object) {
				return
			}
		}
	})
	defer stop()
	b.round(ctx, next, func() bool { return false })
}

func (b *batch) failures() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.failed)
}

// fail notes an object that was not stored.
func (b *batch) fail(f failure) {
	if isPermanent(f.err) {
		b.lose(f)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = append(b.failed, f)
}

// lose notes an object that is not tried any more.
func (b *batch) lose(f failure) {
	b.missing(strings.TrimPrefix(f.object.Key, b.dir+"/"), f.err)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lost++; b.lost == 1 {
		b.first = f
	}
}

// giveUp loses all that is left.
func (b *batch) giveUp(next func() (Object, bool)) {
	for o, ok := next(); ok; o, ok = next() {
		b.count++
		b.lose(failure{o, errGivenUp})
	}
}

// retryAfter is for how long the bucket asks to be left alone.
func (b *batch) retryAfter() time.Duration {
	return blob.RetryAfter(slices.MaxFunc(b.failed, func(x, y failure) int {
		return int(blob.RetryAfter(x.err) - blob.RetryAfter(y.err))
	}).err)
}

// isPermanent tells failures that another attempt will not mend.
func isPermanent(err error) bool {
	_, unreadable := errors.AsType[*unreadableError](err)
	return unreadable || errors.Is(err, blob.ErrDenied) || errors.Is(err, blob.ErrNotFound)
}
