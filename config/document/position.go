// SPDX-License-Identifier: Apache-2.0

package document

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Position is a place in a file.
type Position struct {
	File string
	// Line counts from 1; 0 is unknown.
	Line int
	// Column counts characters from 1; 0 is unknown.
	Column int

	// node is which value of the document is there, where a Positioned is told.
	node int32
}

// String is file:line.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Kind is a kind of problem that some readers treat in their own way.
type Kind uint8

const (
	// Other is everything else.
	Other Kind = iota
	// UnknownKey is a key that means nothing.
	UnknownKey
)

// Problem is something wrong at a place of a document.
type Problem struct {
	Position
	Kind Kind
	// Path leads to the value, such as presubmits[org/repo][3].name; it may be empty.
	Path string
	// Message says what is wrong.
	Message string
}

// Error is file:line: path: message.
func (p Problem) Error() string {
	text := p.Message
	if p.Path != "" {
		text = p.Path + ": " + text
	}
	if p.File != "" {
		text = p.Position.String() + ": " + text
	}
	return text
}

// Problems is an error with one line for each problem.
type Problems []Problem

// Error has the problems in the order of files and lines.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Add adds an error; one that is no Problem is placed in file.
func (ps *Problems) Add(file string, err error) {
	var problem Problem
	if !errors.As(err, &problem) {
		problem = Problem{Position: Position{File: file}, Message: err.Error()}
	}
	*ps = append(*ps, problem)
}

// Err is the problems in order, each once, as an error; nil when there are none.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps.Sorted()
}

// Sorted is the problems in the order of files, lines and paths, each once.
func (ps Problems) Sorted() Problems {
	sorted := slices.Clone(ps)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Path, b.Path))
	})
	return slices.Compact(sorted)
}

// Ignored is the type of a value that is not looked at.
type Ignored struct{}

// UnmarshalJSON takes anything.
func (Ignored) UnmarshalJSON([]byte) error { return nil }
