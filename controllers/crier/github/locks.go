// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"sync"
)

// locks are mutual exclusions by key, which take no memory when not held. The zero value is ready.
type locks struct {
	mu   sync.Mutex
	held map[string]*heldLock
}

type heldLock struct {
	turn  chan struct{} // holds one value while somebody has the lock
	users int           // who have it or wait for it
}

// lock waits for the key's lock, or for ctx.
func (l *locks) lock(ctx context.Context, key string) (unlock func(), err error) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*heldLock{}
	}
	h, ok := l.held[key]
	if !ok {
		h = &heldLock{turn: make(chan struct{}, 1)}
		l.held[key] = h
	}
	h.users++
	l.mu.Unlock()

	select {
	case h.turn <- struct{}{}:
		return func() { <-h.turn; l.leave(key, h) }, nil
	case <-ctx.Done():
		l.leave(key, h)
		return nil, ctx.Err()
	}
}

func (l *locks) leave(key string, h *heldLock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h.users--
	if h.users == 0 {
		delete(l.held, key)
	}
}
