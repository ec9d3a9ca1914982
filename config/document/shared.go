// SPDX-License-Identifier: Apache-2.0

package document

import (
	"encoding/binary"
	"reflect"
)

// shared are maps of scalars, and values that read themselves, that have been
// decoded, by their types and by what is written: thousands of jobs have the same
// labels, resources and timeouts.
type shared struct {
	values map[reflect.Type]map[string]reflect.Value
	// key is memory to use again.
	key []byte
}

// read decodes a value by means of decode, unless one that is written alike has
// been decoded before: then that is taken, and maps are the same map.
func (sh *shared) read(s *state, at int32, v reflect.Value, coerce bool, decode func()) {
	key, scalars := s.doc.appendScalars(sh.key[:0], at)
	if sh.key = key; !scalars {
		decode()
		return
	}
	if coerce {
		key = append(key, 'c')
	}
	t := v.Type()
	if known, ok := sh.values[t][string(key)]; ok {
		v.Set(known)
		return
	}
	name, problems := string(key), len(s.Errors)+len(s.Warnings)
	decode()
	if len(s.Errors)+len(s.Warnings) > problems {
		return // The next one has problems of its own.
	}
	if sh.values == nil {
		sh.values = map[reflect.Type]map[string]reflect.Value{}
	}
	if sh.values[t] == nil {
		sh.values[t] = map[string]reflect.Value{}
	}
	sh.values[t][name] = reflect.ValueOf(v.Interface())
}

// appendScalars appends what is written as a scalar or as a mapping, and
// reports whether there are only scalars in it.
func (d *Document) appendScalars(b []byte, at int32) ([]byte, bool) {
	if d.nodes[at].kind == scalar {
		return appendNode(b, &d.nodes[at]), true
	}
	for child := range d.children(at) {
		n := &d.nodes[child]
		if n.kind != scalar {
			return b, false
		}
		b = appendNode(append(binary.AppendUvarint(b, uint64(len(n.key))), n.key...), n)
	}
	return b, d.nodes[at].kind == mapping
}

func appendNode(b []byte, n *node) []byte {
	b = append(binary.AppendUvarint(b, uint64(len(n.value))), n.value...)
	if n.plain {
		return append(b, 'p')
	}
	return append(b, 'q')
}
