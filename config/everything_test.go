// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/cutwater-ci/cutwater/config/document"
)

// TestEverything reads a file with every field, and writes it again.
func TestEverything(t *testing.T) {
	const name = "testdata/everything.yaml"
	doc, err := document.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	got := &mainFile{}
	result := (&document.Decoder{}).DecodeNode(doc.Root(), got)
	if err := document.Problems(append(result.Errors, result.Warnings...)).Err(); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	written, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var want, again map[string]any
	for text, into := range map[string]*map[string]any{string(text): &want, string(written): &again} {
		if err := yaml.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	given := map[string]bool{}
	note(reflect.ValueOf(*got), given)
	for field, given := range given {
		if !given {
			t.Errorf("%s does not give %s", name, field)
		}
	}
	t.Logf("%d fields", len(given))
}

// note notes of every field that has a key, by its type and name, whether it is
// set anywhere. It does not look into types of Kubernetes.
func note(v reflect.Value, given map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			note(v.Elem(), given)
		}
	case reflect.Slice:
		for i := range v.Len() {
			note(v.Index(i), given)
		}
	case reflect.Map:
		for _, value := range v.Seq2() {
			note(value, given)
		}
	case reflect.Struct:
		if strings.HasPrefix(v.Type().PkgPath(), "k8s.io/") || v.Type() == reflect.TypeFor[document.Ignored]() {
			return
		}
		for field, value := range v.Fields() {
			if !field.IsExported() || field.Tag.Get("json") == "-" {
				continue
			}
			name := v.Type().String() + "." + field.Name
			given[name] = given[name] || !value.IsZero() || value.Type() == reflect.TypeFor[document.Ignored]()
			note(value, given)
		}
	default:
	}
}
