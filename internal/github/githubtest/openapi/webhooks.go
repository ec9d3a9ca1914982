// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemaURL is what the schemas are known by; nothing is fetched.
const schemaURL = "https://unpkg.com/@octokit/webhooks-schemas/schema.json"

// webhooks knows how webhooks look.
type webhooks struct {
	compiler *jsonschema.Compiler
	shapes   map[string]*shape // by event

	mu      sync.Mutex
	schemas map[string]*jsonschema.Schema // by definition
}

func newWebhooks() (*webhooks, error) {
	data, err := unzip(webhookSchemas)
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("reading the schemas of webhooks: %w", err)
	}
	w := &webhooks{compiler: jsonschema.NewCompiler(), shapes: map[string]*shape{}, schemas: map[string]*jsonschema.Schema{}}
	// The library takes the {/name} of GitHub's own URLs for two broken templates.
	w.compiler.RegisterFormat(&jsonschema.Format{Name: "uri-template", Validate: func(any) error { return nil }})
	if err := w.compiler.AddResource(schemaURL, document); err != nil {
		return nil, fmt.Errorf("reading the schemas of webhooks: %w", err)
	}
	data, err = unzip(webhookExamples)
	if err != nil {
		return nil, err
	}
	var examples map[string][]any
	if err := json.Unmarshal(data, &examples); err != nil {
		return nil, fmt.Errorf("reading the examples of webhooks: %w", err)
	}
	for event, payloads := range examples {
		w.shapes[event] = &shape{}
		for _, payload := range payloads {
			w.shapes[event].learn(payload)
		}
	}
	return w, nil
}

// Webhook checks a payload: the schema says what must and may be there, and the
// examples what GitHub really sends.
func (v *Validator) Webhook(event string, payload []byte) error {
	var value any
	if err := json.Unmarshal(payload, &value); err != nil {
		return err
	}
	action := "event"
	if m, ok := value.(map[string]any); ok {
		if a, ok := m["action"].(string); ok {
			action = a
		}
	}
	schema, err := v.webhooks.schema(event + "$" + action)
	if err != nil {
		return err
	}
	if err := schema.Validate(value); err != nil {
		return err
	}
	return v.webhooks.shapes[event].check(value, event)
}

// schema returns the compiled definition.
func (w *webhooks) schema(definition string) (*jsonschema.Schema, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.schemas[definition]; s != nil {
		return s, nil
	}
	s, err := w.compiler.Compile(schemaURL + "#/definitions/" + definition)
	if err != nil {
		return nil, fmt.Errorf("unknown webhook %s: %w", definition, err)
	}
	w.schemas[definition] = s
	return s, nil
}

// shape is what the examples have at one place of a payload.
type shape struct {
	kinds  map[string]bool
	seen   int // objects at this place
	fields map[string]*field
	items  *shape
}

// field is what the examples have under one name.
type field struct {
	shape
	in int // how many objects have it
}

// kind names the JSON type of a value.
func kind(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}

// learn adds an example to the shape.
func (s *shape) learn(value any) {
	if s.kinds == nil {
		s.kinds = map[string]bool{}
	}
	s.kinds[kind(value)] = true
	switch v := value.(type) {
	case []any:
		if s.items == nil {
			s.items = &shape{}
		}
		for _, item := range v {
			s.items.learn(item)
		}
	case map[string]any:
		if s.fields == nil {
			s.fields = map[string]*field{}
		}
		s.seen++
		for name, inner := range v {
			if s.fields[name] == nil {
				s.fields[name] = &field{}
			}
			s.fields[name].in++
			s.fields[name].learn(inner)
		}
	}
}

// check reports a value of a type that no example has, and the absence of what
// every example has. The examples are fewer than what GitHub sends (none of
// issue_comment is about a pull), so a field that they do not have is left to the
// schema, which allows no unknown ones.
func (s *shape) check(value any, path string) error {
	have := kind(value)
	onlyNull := len(s.kinds) == 1 && s.kinds["null"]
	if have != "null" && !s.kinds[have] && !onlyNull {
		return fmt.Errorf("%s is %s, in the examples %s", path, have, strings.Join(slices.Sorted(maps.Keys(s.kinds)), " or "))
	}
	switch v := value.(type) {
	case []any:
		if s.items == nil || s.items.kinds == nil {
			return nil
		}
		for _, item := range v {
			if err := s.items.check(item, path+"[]"); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(s.fields)) {
			inner, present := v[name]
			switch f := s.fields[name]; {
			case present:
				if err := f.check(inner, path+"."+name); err != nil {
					return err
				}
			case name == "username": // who commits need not have an account
			case f.in == s.seen && s.seen > 1:
				return fmt.Errorf("every example has %s.%s", path, name)
			}
		}
	}
	return nil
}
