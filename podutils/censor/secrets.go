// SPDX-License-Identifier: Apache-2.0

// Package censor takes secrets out of what is uploaded. It works on streams: the
// files themselves stay as they are, since a job may still be writing them.
package censor

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Value is a secret.
type Value struct {
	// Name says which secret it is, for people: the file that it was read from.
	Name string
	// Text is what nobody may see.
	Text string
}

// Options of New.
type Options struct {
	// Minimum is the length, in bytes, below which values are no secrets.
	Minimum int
	// Shapes also takes out what looks like a token or key of a known kind,
	// whether or not it is one of the values.
	Shapes bool
}

// Tally counts what was taken out, of one file say, and notes what could not be
// looked into. It is safe for concurrent use; a nil one counts nothing.
type Tally struct {
	mu     sync.Mutex
	counts map[string]int
	notes  []string
}

func (t *Tally) add(name string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	t.counts[name]++
}

// Counts are how often each secret was found, by its name. What only looks like
// one goes by the name of its kind, as "GitHub token".
func (t *Tally) Counts() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}

// Notes say, each in a line for people, what was not looked into and why, and
// what was broken. There are no secrets in them.
func (t *Tally) Notes() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.notes)
}

// Secrets is a set of byte sequences to take out. It is safe for concurrent use.
type Secrets struct {
	// byStart has the secrets by their first bytes, as far as prefix takes them,
	// the longest first.
	byStart map[uint32][]Value
	// starts has the hashes of the first prefix bytes of all secrets: most of what
	// is read begins no secret, and one look must be enough to tell.
	starts [1 << hashBits]bool
	// short are the secrets that are shorter than prefix.
	short   []Value
	longest int
	shapes  []shape
}

const (
	prefix   = 4
	hashBits = 15
)

// New makes the set of the values, each also without surrounding white space
// and both in base64. Values shorter than the minimum, and "true" and "false",
// are no secrets.
func New(values []Value, o Options) *Secrets {
	var forms []Value
	for _, value := range values {
		trimmed := strings.TrimSpace(value.Text)
		if trimmed == "" || len(trimmed) < o.Minimum || strings.EqualFold(trimmed, "true") || strings.EqualFold(trimmed, "false") {
			continue
		}
		for _, form := range []string{trimmed, encode(value.Text), encode(trimmed)} {
			forms = append(forms, Value{value.Name, form})
		}
	}
	// Of two names for one text the first in order is told.
	slices.SortFunc(forms, func(a, b Value) int { return cmp.Or(strings.Compare(a.Text, b.Text), strings.Compare(a.Name, b.Name)) })
	forms = slices.CompactFunc(forms, func(a, b Value) bool { return a.Text == b.Text })
	s := &Secrets{byStart: map[uint32][]Value{}}
	if o.Shapes {
		s.shapes, s.longest = shapes(), longestToken
	}
	for _, form := range forms {
		s.add(form)
	}
	for _, secrets := range s.byStart {
		slices.SortFunc(secrets, func(a, b Value) int { return len(b.Text) - len(a.Text) })
	}
	return s
}

func encode(value string) string { return base64.StdEncoding.EncodeToString([]byte(value)) }

func (s *Secrets) add(secret Value) {
	s.longest = max(s.longest, len(secret.Text))
	if len(secret.Text) < prefix {
		s.short = append(s.short, secret)
		return
	}
	start := binary.LittleEndian.Uint32([]byte(secret.Text))
	s.starts[hash(start)] = true
	s.byStart[start] = append(s.byStart[start], secret)
}

// hash spreads by multiplication with the golden ratio.
func hash(start uint32) uint32 { return start * 0x9e3779b1 >> (32 - hashBits) }

// Empty tells that there is nothing to take out.
func (s *Secrets) Empty() bool { return s.longest == 0 }

// at is the longest secret that data begins with; the zero value when there is none.
func (s *Secrets) at(data []byte) Value {
	if len(data) >= prefix {
		if start := binary.LittleEndian.Uint32(data); s.starts[hash(start)] {
			for _, secret := range s.byStart[start] {
				if hasPrefix(data, secret.Text) {
					return secret
				}
			}
		}
	}
	var found Value
	for _, shape := range s.shapes {
		if n := shape.at(data); n > 0 {
			return Value{shape.name, string(data[:n])}
		}
	}
	for _, secret := range s.short {
		if len(secret.Text) > len(found.Text) && hasPrefix(data, secret.Text) {
			found = secret
		}
	}
	return found
}

func hasPrefix(data []byte, secret string) bool {
	return len(secret) <= len(data) && string(data[:len(secret)]) == secret
}

// begins tells whether data is the start of a secret that goes on after it.
func (s *Secrets) begins(data []byte) bool {
	longer := func(secret Value) bool {
		return len(secret.Text) > len(data) && secret.Text[:len(data)] == string(data)
	}
	if slices.ContainsFunc(s.short, longer) || slices.ContainsFunc(s.shapes, func(s shape) bool { return s.begins(data) }) {
		return true
	}
	if len(data) >= prefix {
		return slices.ContainsFunc(s.byStart[binary.LittleEndian.Uint32(data)], longer)
	}
	for _, secrets := range s.byStart {
		if longer(secrets[0]) {
			return true
		}
	}
	return false
}

// cover overwrites, with X, the secrets that begin in data[:end], and returns
// how many bytes after data[:end] belong to one of them. The first covered bytes
// belong to one that began before.
func (s *Secrets) cover(data []byte, end, covered int, tally *Tally) (after int) {
	for i := range end {
		if found := s.at(data[i:]); len(found.Text) > covered {
			covered = len(found.Text)
			tally.add(found.Name)
		}
		if covered > 0 {
			data[i] = 'X'
			covered--
		}
	}
	return covered
}

// Bytes returns a copy of data without secrets.
func (s *Secrets) Bytes(data []byte, tally *Tally) []byte {
	covered := slices.Clone(data)
	s.cover(covered, len(covered), 0, tally)
	return covered
}
