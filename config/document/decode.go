// SPDX-License-Identifier: Apache-2.0

package document

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// Decoder decodes documents into Go values by their json tags. It keeps what
// it learns about types, and may be used by several goroutines.
type Decoder struct {
	codecs sync.Map // reflect.Type → *codec
}

// Result is what decoding found to be wrong.
type Result struct {
	// Errors are values of the wrong type.
	Errors []Problem
	// Warnings are keys that mean nothing and keys given twice.
	Warnings []Problem
}

// maxProblems bounds how many problems of each kind one document reports.
const maxProblems = 100

// Positioned is implemented by values that want to know where they are written.
type Positioned interface{ SetPosition(Position) }

// Bounded is implemented by values that are read from people who are not
// trusted: a few bytes of YAML can become a thousand times as many in memory.
type Bounded interface {
	// MaxValues is how many values, aliases expanded, a document may have.
	MaxValues() int
}

// Decode reads the document into the value that into points to. What it
// cannot read it reports, and goes on.
func (d *Decoder) Decode(doc *Document, into any) Result {
	if b, ok := into.(Bounded); ok && len(doc.nodes) > b.MaxValues() {
		tooMany := Problem{Position: Position{File: doc.file}, Message: fmt.Sprintf("has %d values, more than the %d that are read", len(doc.nodes), b.MaxValues())}
		return Result{Errors: []Problem{tooMany}}
	}
	return d.decode(doc, 0, reflect.ValueOf(into).Elem(), true)
}

// DecodeNode reads a part of a document. Numbers and bools do not become
// strings in it: the same holds for all that is reached through an embedded struct.
func (d *Decoder) DecodeNode(n Node, into any) Result {
	if n.document == nil {
		return Result{}
	}
	return d.decode(n.document, n.index, reflect.ValueOf(into).Elem(), false)
}

func (d *Decoder) decode(doc *Document, at int32, v reflect.Value, coerce bool) Result {
	s := &state{Decoder: d, doc: doc}
	d.codec(v.Type()).decode(s, at, v, coerce)
	if at == 0 && doc.second > 0 {
		s.Warnings = append(s.Warnings, Problem{Position: Position{File: doc.file, Line: doc.second}, Message: "a second document is not read"})
	}
	return s.Result
}

// state is one run of a decoder.
type state struct {
	*Decoder
	Result
	doc *Document
}

func (s *state) fail(at int32, format string, args ...any) {
	if len(s.Errors) < maxProblems {
		s.Errors = append(s.Errors, s.doc.problem(at, format, args...))
	}
}

func (s *state) warn(at int32, format string, args ...any) {
	if len(s.Warnings) < maxProblems {
		s.Warnings = append(s.Warnings, s.doc.problem(at, format, args...))
	}
}

// unknown warns of a key that none of the known ones is.
func (s *state) unknown(at int32, known *fields) {
	if len(s.Warnings) >= maxProblems {
		return // A suggestion is not for free.
	}
	s.warn(at, "is not known%s", known.suggestion(s.doc.nodes[at].key))
	s.Warnings[len(s.Warnings)-1].Kind = UnknownKey
}

// decodeFunc reads a node into a value. coerce says whether a number or bool
// may become a string; Prow's conversion does that except below embedded structs.
type decodeFunc func(s *state, at int32, v reflect.Value, coerce bool)

// codec is what is known about a type.
type codec struct {
	once sync.Once
	read decodeFunc
}

func (c *codec) decode(s *state, at int32, v reflect.Value, coerce bool) { c.read(s, at, v, coerce) }

// codec returns that of a type. It may still be under construction, for a type that contains itself.
func (d *Decoder) codec(t reflect.Type) *codec {
	found, ok := d.codecs.Load(t)
	if !ok {
		found, _ = d.codecs.LoadOrStore(t, &codec{})
	}
	c := found.(*codec)
	c.once.Do(func() { c.read = d.reader(t) })
	return c
}

// later defers the search for a type's codec to its first use, so that types may contain themselves.
func (d *Decoder) later(t reflect.Type) func() *codec {
	return sync.OnceValue(func() *codec { return d.codec(t) })
}

func (d *Decoder) reader(t reflect.Type) decodeFunc {
	if t.Kind() == reflect.Pointer {
		return d.pointerReader(t)
	}
	if t == reflect.TypeFor[Node]() {
		return readNode
	}
	pointer := reflect.PointerTo(t)
	if pointer.Implements(reflect.TypeFor[json.Unmarshaler]()) || pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return readJSON
	}
	switch t.Kind() {
	case reflect.Struct:
		return d.structReader(t)
	case reflect.Map:
		if t.Key().Kind() == reflect.String {
			return d.mapReader(t)
		}
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			return d.sliceReader(t)
		}
	case reflect.String:
		return readString
	case reflect.Bool:
		return readBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return readInt
	}
	return readJSON
}

func (d *Decoder) pointerReader(t reflect.Type) decodeFunc {
	element := d.later(t.Elem())
	share := t.Elem().Kind() == reflect.Struct && shareable(t)
	return func(s *state, at int32, v reflect.Value, coerce bool) {
		if s.isNull(at) {
			v.SetZero()
			return
		}
		s.once(share, at, v, coerce, func() {
			if v.IsNil() {
				v.Set(reflect.New(t.Elem()))
			}
			element().decode(s, at, v.Elem(), coerce)
		})
	}
}

func (d *Decoder) mapReader(t reflect.Type) decodeFunc {
	element := d.later(t.Elem())
	plain := t == reflect.TypeFor[map[string]string]()
	share := shareable(t)
	return func(s *state, at int32, v reflect.Value, coerce bool) {
		n := &s.doc.nodes[at]
		if n.kind != mapping {
			s.wrong(at, v, "a mapping")
			return
		}
		s.once(share, at, v, coerce, func() {
			if v.IsNil() {
				v.Set(reflect.MakeMapWithSize(t, int(n.count)))
			}
			if plain {
				s.readStrings(at, v.Interface().(map[string]string), coerce)
			} else {
				s.readMap(at, v, element(), coerce)
			}
		})
	}
}

func (s *state) readMap(at int32, v reflect.Value, element *codec, coerce bool) {
	value := reflect.New(v.Type().Elem()).Elem() // The map takes a copy.
	for child := range s.doc.children(at) {
		value.SetZero()
		element.decode(s, child, value, coerce)
		key := reflect.ValueOf(s.doc.nodes[child].key).Convert(v.Type().Key())
		if v.MapIndex(key).IsValid() {
			s.warn(child, "is given twice; the last counts")
		}
		v.SetMapIndex(key, value)
	}
}

// readStrings is mapReader for the most frequent kind of map.
func (s *state) readStrings(at int32, into map[string]string, coerce bool) {
	for child := range s.doc.children(at) {
		n := &s.doc.nodes[child]
		text, ok := s.text(child, coerce)
		if !ok {
			s.wrong(child, reflect.ValueOf(""), "a string")
		}
		if _, twice := into[n.key]; twice {
			s.warn(child, "is given twice; the last counts")
		}
		into[n.key] = text
	}
}

func (d *Decoder) sliceReader(t reflect.Type) decodeFunc {
	element := d.later(t.Elem())
	share := shareable(t)
	return func(s *state, at int32, v reflect.Value, coerce bool) {
		n := &s.doc.nodes[at]
		if n.kind != sequence {
			s.wrong(at, v, "a list")
			return
		}
		s.once(share, at, v, coerce, func() {
			v.Set(reflect.MakeSlice(t, int(n.count), int(n.count)))
			i := 0
			for child := range s.doc.children(at) {
				element().decode(s, child, v.Index(i), coerce)
				i++
			}
		})
	}
}

// isNull reports whether a node is null.
func (s *state) isNull(at int32) bool {
	n := &s.doc.nodes[at]
	return n.kind == scalar && n.plain && len(n.value) <= len("null") && resolve(n.value).meaning == isNull
}

// wrong reports that a node is not what is wanted. Null is always fine, and leaves or makes the zero value.
func (s *state) wrong(at int32, v reflect.Value, want string) {
	if !s.isNull(at) {
		s.fail(at, "is %s, want %s", s.describe(at), want)
		return
	}
	switch v.Kind() {
	case reflect.Map, reflect.Slice:
		v.SetZero()
	default:
	}
}

// describe names what a node is.
func (s *state) describe(at int32) string {
	n := &s.doc.nodes[at]
	switch {
	case n.kind == mapping:
		return "a mapping"
	case n.kind == sequence:
		return "a list"
	case !n.plain:
		return "the string " + strconv.Quote(shorten(n.value))
	}
	switch resolve(n.value).meaning {
	case isBool:
		return "the bool " + n.value
	case isInt, isUint, isFloat:
		return "the number " + n.value
	default:
		return "the string " + strconv.Quote(shorten(n.value))
	}
}

// shorten cuts a text for a message.
func shorten(text string) string {
	if len(text) <= 60 {
		return text
	}
	return strings.ToValidUTF8(text[:60], "") + "…"
}

// text is a scalar as a string; null is the empty string.
func (s *state) text(at int32, coerce bool) (string, bool) {
	n := &s.doc.nodes[at]
	if n.kind != scalar {
		return "", false
	}
	if !n.plain {
		return n.value, true
	}
	switch r := resolve(n.value); r.meaning {
	case isText:
		return n.value, true
	case isNull:
		return "", true
	default:
		return r.text(), coerce
	}
}

func readString(s *state, at int32, v reflect.Value, coerce bool) {
	text, ok := s.text(at, coerce)
	if !ok {
		s.wrong(at, v, "a string")
		return
	}
	if !s.isNull(at) {
		v.SetString(text)
	}
}

func readBool(s *state, at int32, v reflect.Value, _ bool) {
	n := &s.doc.nodes[at]
	if n.kind == scalar && n.plain {
		if r := resolve(n.value); r.meaning == isBool {
			v.SetBool(r.bool)
			return
		}
	}
	s.wrong(at, v, "true or false")
}

func readInt(s *state, at int32, v reflect.Value, _ bool) {
	n := &s.doc.nodes[at]
	if n.kind == scalar && n.plain {
		r := resolve(n.value)
		if f := r.float; r.meaning == isFloat && f == math.Trunc(f) && math.Abs(f) < 1e15 {
			r = resolved{meaning: isInt, int: int64(f)}
		}
		if r.meaning == isInt && !v.OverflowInt(r.int) {
			v.SetInt(r.int)
			return
		}
	}
	s.wrong(at, v, "a whole number")
}

// readNode keeps a part of the document as it is.
func readNode(s *state, at int32, v reflect.Value, _ bool) {
	v.Set(reflect.ValueOf(Node{document: s.doc, index: at}))
}

// readJSON is for types that read themselves, and for rare kinds.
func readJSON(s *state, at int32, v reflect.Value, _ bool) {
	if !s.isNull(at) {
		s.once(true, at, v, false, func() { s.readOwn(at, v) })
	}
}

func (s *state) readOwn(at int32, v reflect.Value) {
	data, err := s.doc.appendJSON(nil, at)
	if err == nil {
		if own, ok := v.Addr().Interface().(json.Unmarshaler); ok {
			err = own.UnmarshalJSON(data)
		} else {
			err = json.Unmarshal(data, v.Addr().Interface())
		}
	}
	if want := wanted(err); want != "" {
		s.wrong(at, v, want)
	} else if err != nil {
		s.fail(at, "%v", err)
	}
}
