// SPDX-License-Identifier: Apache-2.0

package document

import (
	"encoding/binary"
	"reflect"
)

// shared are maps of scalars that have been decoded, by their types and by what
// is written: thousands of jobs have the same labels and resources.
type shared struct {
	maps map[reflect.Type]map[string]reflect.Value
	// key is memory to use again.
	key []byte
}

// read decodes a map by means of decode, unless one that is written alike has
// been decoded before: then that is taken, and both are the same map.
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
	if known, ok := sh.maps[t][string(key)]; ok {
		v.Set(known)
		return
	}
	name, problems := string(key), len(s.Errors)+len(s.Warnings)
	decode()
	if len(s.Errors)+len(s.Warnings) > problems {
		return // The next one has problems of its own.
	}
	if sh.maps == nil {
		sh.maps = map[reflect.Type]map[string]reflect.Value{}
	}
	if sh.maps[t] == nil {
		sh.maps[t] = map[string]reflect.Value{}
	}
	sh.maps[t][name] = reflect.ValueOf(v.Interface())
}

// appendScalars appends what is written in a mapping, and reports whether it has only scalars.
func (d *Document) appendScalars(b []byte, at int32) ([]byte, bool) {
	for child := range d.children(at) {
		n := &d.nodes[child]
		if n.kind != scalar {
			return b, false
		}
		b = append(binary.AppendUvarint(b, uint64(len(n.key))), n.key...)
		b = append(binary.AppendUvarint(b, uint64(len(n.value))), n.value...)
		if n.plain {
			b = append(b, 'p')
		} else {
			b = append(b, 'q')
		}
	}
	return b, true
}
