// SPDX-License-Identifier: Apache-2.0

package document

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// JSON is the value as JSON; null for the zero Node.
func (n Node) JSON() (json.RawMessage, error) {
	if n.document == nil {
		return json.RawMessage("null"), nil
	}
	return n.document.appendJSON(nil, n.index)
}

// appendJSON appends a node as JSON. Of a key that is given twice the last counts.
func (d *Document) appendJSON(b []byte, at int32) ([]byte, error) {
	n := &d.nodes[at]
	var err error
	switch n.kind {
	case sequence:
		b = append(b, '[')
		for child := range d.children(at) {
			if child != at+1 {
				b = append(b, ',')
			}
			if b, err = d.appendJSON(b, child); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case mapping:
		b = append(b, '{')
		for child := range d.children(at) {
			if child != at+1 {
				b = append(b, ',')
			}
			b = append(appendString(b, d.nodes[child].key), ':')
			if b, err = d.appendJSON(b, child); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	default:
		return appendScalar(b, n)
	}
}

// wanted is what encoding/json says that it wanted in place of a value, in the
// words of the decoder; it is empty for other errors and for parts of a value.
func wanted(err error) string {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) || wrong.Field != "" {
		return ""
	}
	switch wrong.Type.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number, 0 or more"
	default:
		return ""
	}
}

func appendScalar(b []byte, n *node) ([]byte, error) {
	if !n.plain {
		return appendString(b, n.value), nil
	}
	switch r := resolve(n.value); r.meaning {
	case isNull:
		return append(b, "null"...), nil
	case isText:
		return appendString(b, n.value), nil
	case isFloat:
		number, err := json.Marshal(r.float)
		if err != nil {
			return nil, fmt.Errorf("%s is no number in JSON", n.value)
		}
		return append(b, number...), nil
	default:
		return append(b, r.text()...), nil
	}
}

func appendString(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			quoted, err := json.Marshal(text)
			if err != nil { // A string is always JSON.
				return append(b, `""`...)
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), text...), '"')
}
