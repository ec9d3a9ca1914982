// SPDX-License-Identifier: Apache-2.0

package plugins_test

import (
	"context"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/cutwater-ci/cutwater/config/plugins"
)

// TestEverything loads a file with every field, and writes it again.
func TestEverything(t *testing.T) {
	const name = "testdata/everything.yaml"
	c, err := plugins.Load(context.Background(), plugins.Files{Config: name})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Unknown)+len(c.Warnings) > 0 {
		t.Errorf("unknown: %v, warnings: %v", c.Unknown, c.Warnings)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	written, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var want, got map[string]any
	for text, into := range map[string]*map[string]any{string(text): &want, string(written): &got} {
		if err := yaml.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	given := map[string]bool{}
	fields(reflect.ValueOf(c), given)
	for path, given := range given {
		// What groups of clusters are given is written out in the maps.
		if !given && !strings.HasSuffix(path, ".ClusterGroups") && !strings.HasPrefix(path, "ClusterGroup.") {
			t.Errorf("%s does not give %s", name, path)
		}
	}
}

// fields notes of every field that has a key, by its type and name, whether it is set anywhere.
func fields(v reflect.Value, given map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fields(v.Elem(), given)
		}
	case reflect.Slice:
		for i := range v.Len() {
			fields(v.Index(i), given)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			fields(v.MapIndex(key), given)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if field.Tag.Get("json") == "-" {
				continue
			}
			path := v.Type().Name() + "." + field.Name
			given[path] = given[path] || !v.Field(i).IsZero()
			fields(v.Field(i), given)
		}
	default:
	}
}

// TestSupplements adds everything that supplemental files may hold.
func TestSupplements(t *testing.T) {
	got := load(t, `
-- plugins.yaml --
approve: [{repos: [a]}]
bugzilla:
  orgs:
    a: {repos: {x: {branches: {main: {is_open: true}}}}}
label:
  additional_labels: [extra]
  restricted_labels: {a: [{label: one}]}
lgtm: [{repos: [a]}]
plugins: {a: {plugins: [trigger]}}
welcome: [{repos: [a]}]
-- more/b/_pluginconfig.yaml --
approve: [{repos: [b]}, {repos: [b/x]}]
bugzilla:
  default: {"*": {is_open: true}}
  orgs:
    a: {default: {"*": {is_open: true}}, repos: {y: {}}}
    b: {}
external_plugins: {b: [{name: refresh}]}
label: {restricted_labels: {a: [{label: two}], b: [{label: one}]}}
lgtm: [{repos: [b]}]
plugins: {b: {plugins: [hold]}}
triggers: [{repos: [b]}]
welcome: [{repos: [b]}]
-- more/c/_pluginconfig.yaml --
approve: [{repos: [c]}]
-- more/c/pluginconfig.yaml --
approve: [{repos: [not read]}]
`)
	var want plugins.Configuration
	if err := yaml.UnmarshalStrict([]byte(`
approve: [{repos: [a]}, {repos: [b]}, {repos: [b/x]}, {repos: [c]}]
bugzilla:
  default: {"*": {is_open: true}}
  orgs:
    a: {default: {"*": {is_open: true}}, repos: {x: {branches: {main: {is_open: true}}}, y: {}}}
    b: {}
external_plugins: {b: [{name: refresh, endpoint: "http://refresh"}]}
label: {additional_labels: [extra], restricted_labels: {a: [{label: one}, {label: two}], b: [{label: one}]}}
lgtm: [{repos: [a]}, {repos: [b]}]
plugins: {a: {plugins: [trigger]}, b: {plugins: [hold]}}
triggers: [{repos: [b]}]
welcome: [{repos: [a]}, {repos: [b]}]
`), &want); err != nil {
		t.Fatal(err)
	}
	for _, diff := range []string{
		cmp.Diff(want.Approve, got.Approve), cmp.Diff(want.Bugzilla, got.Bugzilla), cmp.Diff(want.ExternalPlugins, got.ExternalPlugins),
		cmp.Diff(want.Label, got.Label), cmp.Diff(want.Lgtm, got.Lgtm), cmp.Diff(want.Plugins, got.Plugins),
		cmp.Diff(want.Triggers, got.Triggers), cmp.Diff(want.Welcome, got.Welcome),
	} {
		if diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
