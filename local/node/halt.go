// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"sync"
	"time"
)

// stopReason is why a pod is stopped before its containers have ended.
type stopReason string

const (
	stopDeleted  stopReason = "deleted"
	stopDeadline stopReason = "deadline"
	stopShutdown stopReason = "node shutdown"
)

// A halt stops a pod in two steps: asked is done when its containers shall
// end, over when those that have not are killed.
type halt struct {
	asked, over context.Context

	ask, end context.CancelFunc

	mu     sync.Mutex
	reason stopReason
	timer  *time.Timer
	at     time.Time // when the timer fires
}

func newHalt(ctx context.Context) *halt {
	h := &halt{}
	h.asked, h.ask = context.WithCancel(ctx)
	h.over, h.end = context.WithCancel(ctx)
	return h
}

// begin asks the containers to end within grace. The first reason counts, and
// the shortest grace.
func (h *halt) begin(reason stopReason, grace time.Duration) {
	h.mu.Lock()
	if h.reason == "" {
		h.reason = reason
	}
	h.mu.Unlock()
	h.limit(grace)
	h.ask()
}

// limit has the containers killed after grace.
func (h *halt) limit(grace time.Duration) {
	if grace <= 0 {
		h.end()
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	at := time.Now().Add(grace)
	switch {
	case h.timer == nil:
		h.timer = time.AfterFunc(grace, h.end)
	case at.Before(h.at):
		h.timer.Reset(grace)
	default:
		return
	}
	h.at = at
}

// why is the reason given to begin, or "".
func (h *halt) why() stopReason {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.reason
}

// release frees what the halt holds, once the containers have ended.
func (h *halt) release() {
	h.mu.Lock()
	if h.timer != nil {
		h.timer.Stop()
	}
	h.mu.Unlock()
	h.ask()
	h.end()
}

// pause waits for d; it returns false, at once, when ctx ends before.
func pause(ctx context.Context, d time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// A backoff is a pause that doubles each time, up to thirty times the first.
type backoff struct{ first, next time.Duration }

func (b *backoff) step() time.Duration {
	if b.next == 0 {
		b.next = b.first
	}
	d := b.next
	b.next = min(2*b.next, 30*b.first)
	return d
}

func (b *backoff) reset() { b.next = 0 }
