// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cutwater-ci/cutwater/local/manifests"
)

const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: ns}\n"

func TestLoad(t *testing.T) {
	set, err := manifests.Load(fstest.MapFS{
		"1.yaml":             {Data: []byte("# The first.\n" + namespace + "---\n" + namespace)},
		"deeper/2.yaml":      {Data: []byte(namespace)},
		"kustomization.yaml": {Data: []byte("kind: Kustomization")},
		"README.md":          {Data: []byte("kind: nothing")},
	})
	if err != nil || len(set.Namespaces) != 3 {
		t.Errorf("got %d namespaces, %v; want 3", len(set.Namespaces), err)
	}
}

// Every mistake is found, and says where it is.
func TestLoadErrors(t *testing.T) {
	const function = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: f}\n"
	for _, tc := range []struct{ name, content, want string }{
		{"unknown field", namespace + "spec: {colour: blue}\n", "spec.colour"},
		{"unknown field far below", function + "spec: {template: {spec: {containers: [{img: x}]}}}\n", "img"},
		{"field given twice", namespace + "kind: Namespace\n", "kind"},
		{"wrong type", function + "spec: {template: {spec: {timeoutSeconds: soon}}}\n", "timeoutSeconds"},
		{"unknown kind", "apiVersion: serving.knative.dev/v1\nkind: Server\n", "Server"},
		{"unknown version", "apiVersion: v3\nkind: Namespace\n", "v3"},
		{"kind that the mesh does not honour", "apiVersion: v1\nkind: Secret\n", "Secret"},
		{"no YAML", "a: [", "document 2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := manifests.Load(fstest.MapFS{"sub/bad.yaml": {Data: []byte(namespace + "---\n" + tc.content)}})
			if err == nil || !strings.Contains(err.Error(), "sub/bad.yaml: document 2") || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error about %q in document 2 of sub/bad.yaml", err, tc.want)
			}
		})
	}
}
