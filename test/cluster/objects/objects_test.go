// SPDX-License-Identifier: Apache-2.0

package objects

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
)

func TestReadFolder(t *testing.T) {
	const one = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"
	fsys := fstest.MapFS{
		"config/b.yaml":         {Data: []byte("# A comment.\n---\n" + one + "---\n" + strings.ReplaceAll(one, "one", "two"))},
		"config/deep/c.yaml":    {Data: []byte(strings.ReplaceAll(one, "one", "three"))},
		"config/placeholder.go": {Data: []byte("package config")},
		"other/d.yaml":          {Data: []byte(one)},
	}
	found, err := ReadFolder(fsys, "config")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, object := range found {
		names = append(names, object.GetName())
	}
	if diff := cmp.Diff([]string{"one", "two", "three"}, names); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	fsys["config/z.yaml"] = &fstest.MapFile{Data: []byte("kind: ConfigMap")}
	if _, err := ReadFolder(fsys, "config"); err == nil || !strings.Contains(err.Error(), "config/z.yaml: document 1") {
		t.Errorf("got %v, want an error about document 1 of config/z.yaml", err)
	}
}

func TestImages(t *testing.T) {
	const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: hook, labels: {from: "ko://"}}
spec: {template: {spec: {containers: [{image: ko://example.org/cmd/hook, env: [{name: X, value: "a ko://example.org/cmd/hook/more b"}]}]}}}
`
	found := read(t, manifest)
	if diff := cmp.Diff([]string{"example.org/cmd/hook", "example.org/cmd/hook/more"}, Programs(found)); diff != "" {
		t.Errorf("programs (-want +got):\n%s", diff)
	}
	err := Images(found, map[string]string{"example.org/cmd/hook": "dev.local/hook:1"})
	if err == nil || !strings.Contains(err.Error(), "Deployment hook names the image of example.org/cmd/hook/more") {
		t.Errorf("got %v, want an error about the program without an image", err)
	}
	if err := Images(found, map[string]string{"example.org/cmd/hook/more": "dev.local/more:1"}); err != nil {
		t.Error(err)
	}
	want := strings.NewReplacer("ko://example.org/cmd/hook/more", "dev.local/more:1", "ko://example.org/cmd/hook", "dev.local/hook:1").Replace(manifest)
	if diff := cmp.Diff(read(t, want), found); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

func TestUnready(t *testing.T) {
	for _, tc := range []struct{ name, object, want string }{
		{"kind that is ready at once", "{apiVersion: v1, kind: ConfigMap}", ""},
		{"service of the core", "{apiVersion: v1, kind: Service}", ""},
		{"function without a status", "{apiVersion: serving.knative.dev/v1, kind: Service}", "no condition Ready"},
		{"function that fails", "{apiVersion: serving.knative.dev/v1, kind: Service, status: {conditions: [{type: RoutesReady, status: 'True'}, {type: Ready, status: 'False', reason: NoImage, message: gone}]}}", "Ready is False: NoImage gone"},
		{"function that is ready", "{apiVersion: serving.knative.dev/v1, kind: Service, status: {conditions: [{type: Ready, status: 'True'}]}}", ""},
		{"status of before", "{apiVersion: apps/v1, kind: Deployment, metadata: {generation: 2}, status: {observedGeneration: 1, conditions: [{type: Available, status: 'True'}]}}", "not seen"},
		{"webhook that nobody completed", "{apiVersion: v1, kind: MutatingWebhookConfiguration, webhooks: [{name: w, clientConfig: {}}]}", "webhook w"},
		{"webhook", "{apiVersion: v1, kind: MutatingWebhookConfiguration, webhooks: [{name: w, clientConfig: {caBundle: eA==}}]}", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			object := &Object{}
			if err := yaml.Unmarshal([]byte(tc.object), &object.Object); err != nil {
				t.Fatal(err)
			}
			got := unready(object)
			if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q in it", got, tc.want)
			}
		})
	}
}

// Manifests may say in any order what others need.
func TestOrder(t *testing.T) {
	objects := read(t, `
{apiVersion: v1, kind: Service, metadata: {name: e}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: f}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: a}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: d}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: b}}
`)
	var got []string
	first, second, rest := order(objects)
	for _, part := range [][]*Object{first, second, rest} {
		for _, object := range part {
			got = append(got, object.GetName())
		}
		got = append(got, "|")
	}
	if diff := cmp.Diff([]string{"a", "b", "|", "c", "d", "|", "e", "f", "|"}, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

// An API server establishes a kind a moment before its discovery tells of it.
func TestAwaitKinds(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		said := map[string]string{
			"/api":  `{"kind": "APIVersions", "versions": []}`,
			"/apis": `{"kind": "APIGroupList", "apiVersion": "v1", "groups": []}`,
			"/apis/example.org/v1": `{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "example.org/v1",
				"resources": [{"name": "things", "kind": "Thing", "namespaced": true, "verbs": ["patch"]}]}`,
		}[r.URL.Path]
		if r.URL.Path == "/apis" && asked.Add(1) > 2 {
			said = `{"kind": "APIGroupList", "apiVersion": "v1", "groups": [{"name": "example.org", "versions": [{"groupVersion": "example.org/v1", "version": "v1"}]}]}`
		}
		_, _ = io.WriteString(w, said)
	}))
	defer server.Close()
	c, err := NewCluster(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	defined := read(t, `
{apiVersion: v1, kind: Namespace, metadata: {name: a}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: things.example.org}, spec: {group: example.org, names: {kind: Thing}}}
`)
	thing := read(t, "{apiVersion: example.org/v1, kind: Thing, metadata: {name: a, namespace: b}}")[0]
	if _, err := c.client(thing); err == nil {
		t.Fatal("it is known before it is told of")
	}
	if err := c.awaitKinds(t.Context(), defined); err != nil {
		t.Fatal(err)
	}
	if _, err := c.client(thing); err != nil {
		t.Errorf("after waiting: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	asked.Store(-100)
	if err := c.awaitKinds(ctx, defined); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), `no matches for kind "Thing"`) {
		t.Errorf("got error %v, want that the wait for Thing was canceled", err)
	}
}

func TestBecause(t *testing.T) {
	refused := errors.New("refused")
	for _, tc := range []struct {
		err, last error
		want      string
	}{
		{refused, refused, "refused"},
		{context.DeadlineExceeded, nil, "context deadline exceeded"},
		{context.DeadlineExceeded, refused, "context deadline exceeded: refused"},
	} {
		if got := because(tc.err, tc.last); got.Error() != tc.want {
			t.Errorf("%v after %v: got %q, want %q", tc.err, tc.last, got, tc.want)
		}
	}
}

func read(t *testing.T, manifest string) []*Object {
	t.Helper()
	found, err := Read([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	return found
}
