// SPDX-License-Identifier: Apache-2.0

package entrypoint

import (
	"errors"
	"io"
	"sync"
)

// tee writes to all its writers. One that fails gets nothing more, and does not
// keep the others, or the process that writes, from going on.
type tee struct {
	mu      sync.Mutex
	writers []io.Writer
	errs    []error
}

// Write implements io.Writer; it never fails.
func (t *tee) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	working := t.writers[:0]
	for _, w := range t.writers {
		if _, err := w.Write(p); err != nil {
			t.errs = append(t.errs, err)
			continue
		}
		working = append(working, w)
	}
	t.writers = working
	return len(p), nil
}

// failures tells which writers failed.
func (t *tee) failures() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return errors.Join(t.errs...)
}
