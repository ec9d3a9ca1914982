// SPDX-License-Identifier: Apache-2.0

package sidecar

import (
	"context"
	"time"

	"github.com/cutwater-ci/cutwater/podutils/livelog"
)

// follower keeps the entries' logs in the bucket while the job runs.
type follower struct {
	*sidecar
	cancel context.CancelFunc
	done   chan struct{}
	logs   []*livelog.Writer // none before the first tick
	// failing tells, for each log, that it could not be stored.
	failing []bool
}

// follow starts to store, at each tick, what is new in the logs: until it is
// stopped, which is not before the whole logs were uploaded, as that can take long.
func (s *sidecar) follow(ctx context.Context) *follower {
	ctx, cancel := context.WithCancel(ctx)
	f := &follower{sidecar: s, cancel: cancel, done: make(chan struct{}), failing: make([]bool, len(s.entries))}
	go func() {
		defer close(f.done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-s.Ticks:
				f.update(ctx)
			}
		}
	}()
	return f
}

// open makes what writes the logs. There is none in dry runs, and where the
// results go to a folder of the machine.
func (f *follower) open(ctx context.Context) error {
	bucket, dir, err := f.uploader.Folder(ctx, f.spec)
	if err != nil || bucket == nil {
		return err
	}
	for i := range f.entries {
		f.logs = append(f.logs, livelog.NewWriter(bucket, dir, f.logName(i), livelog.Source{
			Open:    func() (livelog.File, error) { return openShared(&f.entries[i], f.entries[i].ProcessLog) },
			Secrets: f.secrets.current,
		}))
	}
	return nil
}

// update stores what is new. That it fails disturbs nobody, and is in our log once
// until it works again.
func (f *follower) update(ctx context.Context) {
	if f.logs == nil {
		f.tell(ctx, 0, f.open(ctx))
	}
	for i, log := range f.logs {
		f.tell(ctx, i, log.Update(ctx))
	}
}

func (f *follower) tell(ctx context.Context, i int, err error) {
	if err != nil && !f.failing[i] && ctx.Err() == nil {
		f.Log.Warn("Cannot keep the log in the bucket while the job runs; trying again", "entry", f.entryName(i), "error", err)
	}
	f.failing[i] = err != nil
}

// removeTimeout bounds how long a pod waits for that its live logs are gone.
const removeTimeout = 30 * time.Second

// stop ends following. With the whole logs stored, what was stored of them before
// is removed.
func (f *follower) stop(ctx context.Context, stored bool) {
	f.cancel()
	<-f.done
	if !stored {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, removeTimeout)
	defer cancel()
	for i, log := range f.logs {
		if err := log.Remove(ctx); err != nil {
			f.Log.Warn("Cannot remove the live log", "entry", f.entryName(i), "error", err)
		}
	}
}
