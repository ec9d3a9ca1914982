// SPDX-License-Identifier: Apache-2.0

// Package document reads YAML fast and with positions: a parser for the plain
// block style in which configurations are written, a slower one for the rest
// of the language, and a decoder into Go values by their json tags that gives
// the results of YAML-to-JSON conversion and reports every problem with file,
// line and path. It changes nothing.
//
// In Prow: sigs.k8s.io/yaml, whose results it matches.
package document

import (
	"fmt"
	"iter"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// Document is a parsed file. It is immutable.
type Document struct {
	file string
	// nodes has each node before its children, and a node with all its children before its next sibling.
	nodes []node
	// second is the line of a second document, if the file has one.
	second int
	// sum is of the file that the text was read from.
	sum Sum
	// shared are values of other documents; nil where they are not shared.
	shared *shared
}

// kind is what a node is.
type kind uint8

const (
	scalar kind = iota
	mapping
	sequence
)

// node is a value. Its first child is the node after it.
type node struct {
	// key is the key of a mapping's child.
	key   string
	value string
	line  int32
	// next is the next sibling; 0 is none, since the first node is nobody's sibling.
	next int32
	// count is the number of children.
	count int32
	kind  kind
	// plain scalars may be null, a bool or a number; others are strings.
	plain bool
	// column counts characters from 1; it fits the space that is left.
	column uint16
}

// columnAt is the column of what follows this many characters of its line.
func columnAt(before int) uint16 { return uint16(min(before+1, math.MaxUint16)) }

// File is the name that the document was parsed under.
func (d *Document) File() string { return d.file }

// Sum is the sum of the file that it was read from.
func (d *Document) Sum() Sum { return d.sum }

// Size is how many values it has, aliases expanded.
func (d *Document) Size() int { return len(d.nodes) }

// Root is the whole document.
func (d *Document) Root() Node { return Node{document: d} }

// Node is a value in a document. The zero Node is null.
type Node struct {
	document *Document
	index    int32
}

// Position is where the value is, or its key for a mapping's value.
func (n Node) Position() Position {
	if n.document == nil {
		return Position{}
	}
	return n.document.position(n.index)
}

// Keys goes through the entries of a mapping; there are none in anything else.
func (n Node) Keys() iter.Seq2[string, Node] {
	return func(yield func(string, Node) bool) {
		if n.document == nil || n.document.nodes[n.index].kind != mapping {
			return
		}
		for i := range n.document.children(n.index) {
			if !yield(n.document.nodes[i].key, Node{document: n.document, index: i}) {
				return
			}
		}
	}
}

// Given goes through the fields of a struct that are of type Node and were
// there, by their keys.
func Given(of any) iter.Seq2[string, Node] {
	return func(yield func(string, Node) bool) {
		v := reflect.ValueOf(of)
		for i := range v.NumField() {
			n, ok := v.Field(i).Interface().(Node)
			if ok && n.document != nil && !yield(v.Type().Field(i).Tag.Get("json"), n) {
				return
			}
		}
	}
}

// position is where a node is.
func (d *Document) position(at int32) Position {
	n := &d.nodes[at]
	return Position{File: d.file, Line: int(n.line), Column: int(n.column)}
}

// children goes through the children of a node.
func (d *Document) children(i int32) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		if d.nodes[i].count == 0 {
			return
		}
		for child := i + 1; child != 0; child = d.nodes[child].next {
			if !yield(child) {
				return
			}
		}
	}
}

// path is the way from the root to a node, such as plank.job_queue_capacities[q].
func (d *Document) path(target int32) string {
	var b strings.Builder
	at := int32(0)
	for at != target {
		number, position := int32(0), 0
		for child := range d.children(at) {
			if child > target {
				break
			}
			number, position = child, position+1
		}
		if d.nodes[at].kind == sequence {
			b.WriteString("[" + strconv.Itoa(position-1) + "]")
		} else {
			b.WriteString(pathElement(d.nodes[number].key, b.Len() > 0))
		}
		at = number
	}
	return b.String()
}

func pathElement(key string, follows bool) string {
	if key == "" || strings.ContainsAny(key, "./[]* ") {
		return "[" + key + "]"
	}
	if follows {
		return "." + key
	}
	return key
}

// problem describes something wrong at a node.
func (d *Document) problem(at int32, format string, args ...any) Problem {
	return Problem{
		Position: d.position(at),
		Path:     d.path(at),
		Message:  fmt.Sprintf(format, args...),
	}
}
