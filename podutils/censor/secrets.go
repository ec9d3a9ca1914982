// SPDX-License-Identifier: Apache-2.0

// Package censor takes secrets out of what is uploaded. It works on streams: the
// files themselves stay as they are, since a job may still be writing them.
package censor

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
)

// Secrets is a set of byte sequences to take out. It is safe for concurrent use.
type Secrets struct {
	// byStart has the secrets by their first bytes, as far as prefix takes them,
	// the longest first.
	byStart map[uint32][]string
	// starts has the hashes of the first prefix bytes of all secrets: most of what
	// is read begins no secret, and one look must be enough to tell.
	starts [1 << hashBits]bool
	// short are the secrets that are shorter than prefix.
	short   []string
	longest int
}

const (
	prefix   = 4
	hashBits = 15
)

// New makes the set of the values, each also without surrounding white space
// and both in base64. Values shorter than minimum, and "true" and "false", are
// no secrets.
func New(values []string, minimum int) *Secrets {
	var forms []string
	for _, value := range values {
		trimmed := strings.TrimSpace(value)
		if trimmed == "" || len(trimmed) < minimum || strings.EqualFold(trimmed, "true") || strings.EqualFold(trimmed, "false") {
			continue
		}
		forms = append(forms, trimmed, encode(value), encode(trimmed))
	}
	slices.Sort(forms)
	s := &Secrets{byStart: map[uint32][]string{}}
	for _, form := range slices.Compact(forms) {
		s.add(form)
	}
	for _, secrets := range s.byStart {
		slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	}
	return s
}

func encode(value string) string { return base64.StdEncoding.EncodeToString([]byte(value)) }

func (s *Secrets) add(secret string) {
	s.longest = max(s.longest, len(secret))
	if len(secret) < prefix {
		s.short = append(s.short, secret)
		return
	}
	start := binary.LittleEndian.Uint32([]byte(secret))
	s.starts[hash(start)] = true
	s.byStart[start] = append(s.byStart[start], secret)
}

// hash spreads by multiplication with the golden ratio.
func hash(start uint32) uint32 { return start * 0x9e3779b1 >> (32 - hashBits) }

// Empty tells that there is nothing to take out.
func (s *Secrets) Empty() bool { return s.longest == 0 }

// at is the length of the longest secret that data begins with.
func (s *Secrets) at(data []byte) int {
	if len(data) >= prefix {
		if start := binary.LittleEndian.Uint32(data); s.starts[hash(start)] {
			for _, secret := range s.byStart[start] {
				if hasPrefix(data, secret) {
					return len(secret)
				}
			}
		}
	}
	found := 0
	for _, secret := range s.short {
		if len(secret) > found && hasPrefix(data, secret) {
			found = len(secret)
		}
	}
	return found
}

func hasPrefix(data []byte, secret string) bool {
	return len(secret) <= len(data) && string(data[:len(secret)]) == secret
}

// cover overwrites, with X, the secrets that begin in data[:end], and returns
// how many bytes after data[:end] belong to one of them. The first covered bytes
// belong to one that began before.
func (s *Secrets) cover(data []byte, end, covered int) (after int) {
	for i := range end {
		if found := s.at(data[i:]); found > covered {
			covered = found
		}
		if covered > 0 {
			data[i] = 'X'
			covered--
		}
	}
	return covered
}

// Bytes returns a copy of data without secrets.
func (s *Secrets) Bytes(data []byte) []byte {
	covered := slices.Clone(data)
	s.cover(covered, len(covered), 0)
	return covered
}
