// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	documents "github.com/cutwater-ci/cutwater/config/document"
)

// root is the folder of the module.
const root = "../.."

func generated(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestFilesAreCurrent(t *testing.T) {
	for name, want := range generated(t) {
		have, err := os.ReadFile(filepath.Join(root, "docs", filepath.FromSlash(name)))
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(string(want), string(have)); diff != "" {
			t.Errorf("docs/%s is old: run make generate (-want, +have):\n%s", name, diff)
		}
	}
}

func TestTheSameTwice(t *testing.T) {
	if diff := cmp.Diff(generated(t), generated(t)); diff != "" {
		t.Errorf("two runs differ:\n%s", diff)
	}
}

// empty is a value to read a file of the kind into.
func (d document) empty() any { return reflect.New(d.is).Interface() }

func newDecoder() *documents.Decoder { return &documents.Decoder{} }

// schemas are those that were generated, by name.
type schemas map[string]*jsonschema.Schema

// compile compiles the generated schemas; they must be valid ones.
func compile(t *testing.T) schemas {
	t.Helper()
	const base = "https://example.com/schema/" // Nothing is fetched.
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	for name, text := range generated(t) {
		if filepath.Ext(name) != ".json" {
			continue
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := compiler.AddResource(base+filepath.Base(name), value); err != nil {
			t.Fatal(err)
		}
	}
	compiled := schemas{}
	for _, d := range all() {
		s, err := compiler.Compile(base + d.schema)
		if err != nil {
			t.Fatal(err)
		}
		compiled[d.schema] = s
	}
	return compiled
}

// validate reads a text as a configuration is read, and reports what the schema has against it.
func (s schemas) validate(t *testing.T, schema, name, text string) error {
	t.Helper()
	doc, err := documents.Parse(name, text)
	if err != nil {
		return fmt.Errorf("parsing: %w", err)
	}
	data, err := doc.Root().JSON()
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return s[schema].Validate(value)
}
