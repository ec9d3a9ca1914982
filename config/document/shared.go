// SPDX-License-Identifier: Apache-2.0

package document

import (
	"crypto/sha256"
	"encoding/binary"
	"reflect"
	"strings"
)

// shared are lists, maps, and values that read themselves, that have been
// decoded, by their types and by what is written, and texts: thousands of jobs
// have the same labels, volumes, resources and timeouts.
type shared struct {
	values map[reflect.Type]map[fingerprint]reflect.Value
	texts  map[string]string
	// written is memory to use again.
	written []byte
}

// fingerprint is the first half of the SHA-256 sum of what is written, which would be long to keep.
type fingerprint [sha256.Size / 2]byte

// maxShared is how long what is written may be: what is longer is rarely written twice.
const maxShared = 256

// own makes the strings of a document equal ones that do not hold on to the text of its file.
func (sh *shared) own(d *Document) {
	for i := range d.nodes {
		n := &d.nodes[i]
		n.key, n.value = sh.text(n.key), sh.text(n.value)
	}
}

func (sh *shared) text(text string) string {
	if text == "" {
		return "" // Even an empty part of a text holds on to it.
	}
	known, ok := sh.texts[text]
	if !ok {
		if sh.texts == nil {
			sh.texts = map[string]string{}
		}
		known = strings.Clone(text)
		sh.texts[known] = known
	}
	return known
}

// once decodes a value by means of decode. If it may be shared and one that is
// written alike has been decoded before, that one is taken: the same list, map or struct.
func (s *state) once(share bool, at int32, v reflect.Value, coerce bool, decode func()) {
	sh := s.doc.shared
	if !share || sh == nil || !v.IsZero() {
		decode()
		return
	}
	written, short := s.doc.appendWritten(sh.written[:0], at)
	if sh.written = written; !short {
		decode()
		return
	}
	if coerce {
		written = append(written, 'c')
	}
	sum := sha256.Sum256(written)
	key, t := fingerprint(sum[:]), v.Type()
	if known, ok := sh.values[t][key]; ok {
		v.Set(known)
		return
	}
	problems := len(s.Errors) + len(s.Warnings)
	decode()
	if len(s.Errors)+len(s.Warnings) > problems {
		return // The next one has problems of its own.
	}
	if sh.values == nil {
		sh.values = map[reflect.Type]map[fingerprint]reflect.Value{}
	}
	if sh.values[t] == nil {
		sh.values[t] = map[fingerprint]reflect.Value{}
	}
	sh.values[t][key] = reflect.ValueOf(v.Interface())
}

// appendWritten appends what is written at a node, and reports whether that is all because it is short.
func (d *Document) appendWritten(b []byte, at int32) ([]byte, bool) {
	n := &d.nodes[at]
	b = append(b, byte(n.kind))
	if n.kind == scalar {
		if n.plain {
			b = append(b, 'p')
		}
		b = appendText(b, n.value)
		return b, len(b) <= maxShared
	}
	b = binary.AppendUvarint(b, uint64(n.count))
	short := true
	for child := range d.children(at) {
		if n.kind == mapping {
			b = appendText(b, d.nodes[child].key)
		}
		if b, short = d.appendWritten(b, child); !short {
			return b, false
		}
	}
	return b, true
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// shareable reports whether values of a type that are written alike are alike.
func shareable(t reflect.Type) bool { return !placed(t, map[reflect.Type]bool{}) }

// placed reports whether values of a type know where they are written. seen are types that are being looked at.
func placed(t reflect.Type, seen map[reflect.Type]bool) bool {
	switch {
	case t == reflect.TypeFor[Node](), reflect.PointerTo(t).Implements(reflect.TypeFor[Positioned]()):
		return true
	case seen[t]:
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return placed(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if placed(t.Field(i).Type, seen) {
				return true
			}
		}
	default:
	}
	return false
}
