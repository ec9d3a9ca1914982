// SPDX-License-Identifier: Apache-2.0

// Package censor takes secrets out of what is uploaded, and counts them by name. It
// works on streams: the files themselves stay as they are, since a job may still be
// writing them. Each byte of a secret becomes an X.
//
// Found are the values that are known, as they are, and
//   - in base64, also for URLs, without padding, in the lines of 76 characters that
//     programs make, and within the base64 of something longer;
//   - escaped for JSON and for URLs;
//   - what in a value is a secret by itself: strings in a JSON document and values of
//     lines such as "token: value" that are called secrets or look like it, the
//     password in an address, the lines of a private key.
//
// So are, as a second net with a switch of its own, tokens and keys of known kinds,
// whosever they are: see shapes. It looks into gzip, tar and zip, and into what is
// packed in there, and notes what it cannot look into.
//
// Not found are secrets that are encoded otherwise (hexadecimal, base64 in other
// lines or of base64, reversed), values shorter than the minimum and parts of
// values, what is packed otherwise or encrypted or does not begin like an archive,
// and secrets that an image or a core dump shows. Values of more than 64 KiB are
// not escaped, but may be found in part. What is public and in the same file as a
// secret, as a certificate or the name of an account, stays.
//
// Started by: sidecar, when it uploads. Changes: what passes through it. Config:
// censoring_options of the decoration. In Prow: the censoring of sidecar.
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
	// shortStarts are their first bytes.
	shortStarts class
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
		s.shortStarts[p.text[0]] = true
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
