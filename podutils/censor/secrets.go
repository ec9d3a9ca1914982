// SPDX-License-Identifier: Apache-2.0

// Package censor takes secrets out of what is uploaded. It works on streams: the
// files themselves stay as they are, since a job may still be writing them.
package censor

import (
	"cmp"
	"slices"
	"strings"
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

// Secrets is a set of byte sequences to take out. It is safe for concurrent use.
type Secrets struct {
	index index
	// short are the secrets that are too short for the index.
	short []*pattern
	// material is what private keys are made of; nil when they are not looked for.
	material *class
}

// pattern is what to look for: a text or, without one, what has a shape.
type pattern struct {
	name, text string
	shape      *shape
}

// verdict is whether a pattern is at some place.
type verdict int

const (
	no verdict = iota
	// maybe depends on what comes next.
	maybe
	yes
)

// match tells whether the pattern is what text begins with, and for how long.
func (p *pattern) match(text []byte) (int, verdict) {
	if p.shape != nil {
		return p.shape.match(text)
	}
	return len(p.text), begins(text, p.text)
}

// New makes the set of the values, each in all its forms. Values shorter than the
// minimum, and "true" and "false", are no secrets.
func New(values []Value, o Options) *Secrets {
	var all []Value
	for _, value := range values {
		for _, text := range forms(value.Text, o.Minimum) {
			for piece := range pieces(text) {
				all = append(all, Value{value.Name, piece})
			}
		}
	}
	// Of two names for one text the first in order is told.
	slices.SortFunc(all, func(a, b Value) int { return cmp.Or(strings.Compare(a.Text, b.Text), strings.Compare(a.Name, b.Name)) })
	all = slices.CompactFunc(all, func(a, b Value) bool { return a.Text == b.Text })
	s := &Secrets{}
	for _, value := range all {
		s.add(&pattern{name: value.Name, text: value.Text})
	}
	if o.Shapes {
		s.material = classOf("+/=\\%")
		for _, shape := range shapes() {
			p := &pattern{name: shape.name, shape: &shape}
			for _, anchor := range shape.anchors() {
				s.index.add(p, anchor)
			}
		}
	}
	return s
}

func (s *Secrets) add(p *pattern) {
	if len(p.text) < window {
		s.short = append(s.short, p)
		return
	}
	s.index.add(p, p.text)
}

// Empty tells that there is nothing to take out.
func (s *Secrets) Empty() bool { return len(s.short) == 0 && s.index.places == nil }

// Bytes returns a copy of data without secrets.
func (s *Secrets) Bytes(data []byte, tally *Tally) []byte {
	stream := s.Stream(tally)
	stream.held = slices.Clone(data)
	return stream.Rest()
}
