// SPDX-License-Identifier: Apache-2.0

package document

import (
	"reflect"
	"strings"
)

// field is a field of a struct, perhaps in an embedded one.
type field struct {
	index    []int
	embedded bool
	number   int
	codec    func() *codec
}

// fields are the fields of a struct by their keys.
type fields struct {
	exact map[string]*field
	// folded are the same in lower case: keys are matched without regard to case, as encoding/json does.
	folded map[string]*field
	// inOrder are the keys in the order of the struct, for suggestions.
	inOrder []string
}

// Abbreviated is implemented by structs that may also be written as a list,
// which is the value of one of their keys.
type Abbreviated interface{ ListKey() string }

// Twofold is implemented by structs that are written without keys of their own:
// either as a scalar, which is the value of one of their Go fields, or as a
// mapping, which is the value of another.
type Twofold interface {
	TwofoldFields() (scalar, mapping string)
}

func (d *Decoder) structReader(t reflect.Type) decodeFunc {
	if two, ok := reflect.Zero(t).Interface().(Twofold); ok {
		return d.twofoldReader(t, two)
	}
	known := d.fieldsOf(t)
	positioned := reflect.PointerTo(t).Implements(reflect.TypeFor[Positioned]())
	var list *field
	if a, ok := reflect.Zero(t).Interface().(Abbreviated); ok {
		list = known.find(a.ListKey())
	}
	return func(s *state, at int32, v reflect.Value, coerce bool) {
		if list != nil && s.doc.nodes[at].kind == sequence {
			list.codec().decode(s, at, v.FieldByIndex(list.index), coerce)
			return
		}
		if positioned { // Also null has a place, for what is then said to be missing.
			p := s.doc.position(at)
			p.node = at
			v.Addr().Interface().(Positioned).SetPosition(p)
		}
		if s.doc.nodes[at].kind != mapping {
			s.wrong(at, v, "a mapping")
			return
		}
		s.readFields(known, at, v, coerce)
	}
}

func (d *Decoder) twofoldReader(t reflect.Type, two Twofold) decodeFunc {
	scalarName, mappingName := two.TwofoldFields()
	scalarField, _ := t.FieldByName(scalarName)
	mappingField, _ := t.FieldByName(mappingName)
	readScalar, readMapping := d.later(scalarField.Type), d.later(mappingField.Type)
	return func(s *state, at int32, v reflect.Value, coerce bool) {
		switch s.doc.nodes[at].kind {
		case scalar:
			readScalar().decode(s, at, v.FieldByIndex(scalarField.Index), coerce)
		case mapping:
			readMapping().decode(s, at, v.FieldByIndex(mappingField.Index), coerce)
		default:
			s.fail(at, "is a list, want a string or a mapping")
		}
	}
}

func (s *state) readFields(known *fields, at int32, v reflect.Value, coerce bool) {
	var seen [2]uint64
	for child := range s.doc.children(at) {
		key := s.doc.nodes[child].key
		f := known.find(key)
		if f == nil {
			s.unknown(child, known)
			continue
		}
		into := v
		for _, i := range f.index {
			into = into.Field(i)
		}
		word, bit := f.number/64, uint64(1)<<(f.number%64)
		if word < len(seen) {
			if seen[word]&bit != 0 {
				s.warn(child, "is given twice; the last counts")
				into.SetZero()
			}
			seen[word] |= bit
		}
		f.codec().decode(s, child, into, coerce && !f.embedded)
	}
}

func (f *fields) find(key string) *field {
	if found := f.exact[key]; found != nil {
		return found
	}
	return f.folded[strings.ToLower(key)]
}

// suggestion proposes the known key that is most like an unknown one.
func (f *fields) suggestion(key string) string {
	if closest := Closest(key, f.inOrder); closest != "" {
		return "; did you mean " + closest + "?"
	}
	return ""
}

func (d *Decoder) fieldsOf(t reflect.Type) *fields {
	known := &fields{exact: map[string]*field{}, folded: map[string]*field{}}
	d.collectFields(t, nil, known)
	for key, f := range known.exact {
		if lower := strings.ToLower(key); known.folded[lower] == nil || len(f.index) < len(known.folded[lower].index) {
			known.folded[lower] = f
		}
	}
	return known
}

// collectFields adds the fields of t, which is reached by index; of equal keys the least deep one counts.
func (d *Decoder) collectFields(t reflect.Type, index []int, known *fields) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		path := append(append([]int(nil), index...), i)
		switch {
		case f.Tag.Get("json") == "-":
			continue
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			d.collectFields(f.Type, path, known)
			continue
		case !f.IsExported():
			continue
		case name == "":
			name = f.Name
		}
		if old := known.exact[name]; old != nil && len(old.index) <= len(path) {
			continue
		}
		known.exact[name] = &field{index: path, embedded: len(path) > 1, number: len(known.inOrder), codec: d.later(f.Type)}
		known.inOrder = append(known.inOrder, name)
	}
}
