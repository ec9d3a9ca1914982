// SPDX-License-Identifier: Apache-2.0

package censor

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Tally counts what was taken out, of one file say, and notes what could not be
// looked into. It is safe for concurrent use; a nil one counts nothing.
type Tally struct {
	mu     sync.Mutex
	counts map[string]int
	notes  []string
	// damaged tells that what was counted in is not whole.
	damaged bool
}

// mostNotes are kept, since an archive may have any number of odd entries.
const mostNotes = 100

// Counts are how often each secret was found, by its name. What only looks like
// one goes by the name of its kind, as "GitHub token". Pieces of one secret that
// touch are one.
func (t *Tally) Counts() map[string]int {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}

// Notes say, each in a line for people, what was not looked into and why, and
// what was broken. There are no secrets in them.
func (t *Tally) Notes() []string {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.notes)
}

func (t *Tally) add(name string, n int) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	t.counts[name] += n
}

func (t *Tally) note(format string, args ...any) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch len(t.notes) {
	case mostNotes:
		t.notes = append(t.notes, "there is more that is not told here")
	case mostNotes + 1:
	default:
		t.notes = append(t.notes, fmt.Sprintf(format, args...))
	}
}

func (t *Tally) damage() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.damaged = true
}

// addAll adds what others counted and noted.
func (t *Tally) addAll(other *Tally) {
	for name, n := range other.Counts() {
		t.add(name, n)
	}
	for _, note := range other.Notes() {
		t.note("%s", note)
	}
}

// changes tells whether what was counted in must not stay as it is.
func (t *Tally) changes() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.counts) > 0 || t.damaged
}
