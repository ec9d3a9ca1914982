// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"context"
	"sync"

	"github.com/cutwater-ci/cutwater/internal/inbox"
)

// ledger says what plugins did with a delivery.
type ledger struct{ inbox *inbox.Inbox }

// read returns what plugins did before; nothing for a new delivery.
func (l ledger) read(ctx context.Context, guid string) (map[string]inbox.Outcome, error) {
	entry, err := l.inbox.Entry(ctx, guid, Consumer)
	return entry.Plugins, err
}

func (l ledger) write(ctx context.Context, guid string, outcomes map[string]inbox.Outcome) error {
	return l.inbox.Record(ctx, guid, Consumer, inbox.Entry{Plugins: outcomes})
}

// close writes the entry and, when every plugin is finished with the delivery,
// takes it off the pending ones.
func (l ledger) close(ctx context.Context, guid string, outcomes map[string]inbox.Outcome) error {
	if err := l.write(ctx, guid, outcomes); err != nil {
		return err
	}
	for _, o := range outcomes {
		if !o.Final() {
			return nil
		}
	}
	return l.inbox.Finish(ctx, guid)
}

// busy keeps one process from handling a delivery twice at the same time.
type busy struct {
	mu   sync.Mutex
	with map[string]*turn
}

// turn is the lock of one delivery, and how many hold or want it.
type turn struct {
	sync.Mutex
	wanted int
}

// wait returns when nobody else is busy with the delivery, and what to call when done.
func (b *busy) wait(guid string) (done func()) {
	b.mu.Lock()
	if b.with == nil {
		b.with = map[string]*turn{}
	}
	t := b.with[guid]
	if t == nil {
		t = &turn{}
		b.with[guid] = t
	}
	t.wanted++
	b.mu.Unlock()

	t.Lock()
	return func() {
		t.Unlock()
		b.mu.Lock()
		defer b.mu.Unlock()
		if t.wanted--; t.wanted == 0 {
			delete(b.with, guid)
		}
	}
}
