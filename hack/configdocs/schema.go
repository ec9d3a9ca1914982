// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
)

// dialect is the version of JSON Schema.
const dialect = "https://json-schema.org/draft/2020-12/schema"

// schema is a JSON Schema, as far as it is needed.
type schema struct {
	Dialect     string `json:"$schema,omitempty"`
	Comment     string `json:"$comment,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Ref         string `json:"$ref,omitempty"`
	Type        types  `json:"type,omitempty"`
	Enum        []any  `json:"enum,omitempty"`
	Pattern     string `json:"pattern,omitempty"`
	// PatternError is what editors say of a text that does not match. It is not of the standard, which lets others pass over it.
	PatternError string `json:"patternErrorMessage,omitempty"`
	Format       string `json:"format,omitempty"`
	Minimum      *int   `json:"minimum,omitempty"`
	// Properties are in the order of the struct.
	Properties properties `json:"properties,omitempty"`
	// Additional is a schema, or false where a key that is not known is an error.
	Additional any                `json:"additionalProperties,omitempty"`
	Items      *schema            `json:"items,omitempty"`
	AnyOf      []*schema          `json:"anyOf,omitempty"`
	Defs       map[string]*schema `json:"$defs,omitempty"`
}

// types are the JSON types that a value may have.
type types []string

// nullable is a type or null: the decoder takes null for "not given" everywhere.
func nullable(names ...string) types { return append(names, "null") }

// property is a key and its schema.
type property struct {
	key    string
	schema *schema
}

type properties []property

// MarshalJSON keeps the order.
func (p properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, each := range p {
		if i == 0 {
			b.WriteByte('{')
		} else {
			b.WriteByte(',')
		}
		key, err := marshal(each.key)
		if err != nil {
			return nil, err
		}
		value, err := marshal(each.schema)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// marshal leaves < and > as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// file is the schema as it is written.
func (s *schema) file() ([]byte, error) {
	data, err := marshal(s)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", " "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}
