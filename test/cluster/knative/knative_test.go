// SPDX-License-Identifier: Apache-2.0

package knative

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/cutwater-ci/cutwater/test/cluster/images"
	"github.com/cutwater-ci/cutwater/test/cluster/objects"
)

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, program := range programs() {
		name := nameOf(program)
		if seen[name] {
			t.Errorf("two programs are named %s", name)
		}
		seen[name] = true
	}
	if got := nameOf("knative.dev/eventing/cmd/in_memory/channel_controller"); got != "eventing-in-memory-channel-controller" {
		t.Errorf("got %s, want eventing-in-memory-channel-controller", got)
	}
}

// Every program of the manifests that this cluster runs is one that is built,
// and each that is built is run.
func TestManifests(t *testing.T) {
	references := map[string]string{}
	for _, program := range programs() {
		references[program] = images.Registry + "/" + nameOf(program) + ":1"
	}
	manifests, err := Manifests(t.Context(), references)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	kinds := map[string]int{}
	for _, object := range manifests {
		kinds[object.GetKind()]++
		if object.GetKind() != "Deployment" {
			continue
		}
		for _, c := range containers(object) {
			used[c["image"].(string)] = true
			requests, _, _ := unstructured.NestedStringMap(c, "resources", "requests")
			if diff := cmp.Diff(map[string]string{"cpu": "10m", "memory": "20Mi"}, requests); diff != "" {
				t.Errorf("requests of %s (-want +got):\n%s", object.GetName(), diff)
			}
		}
	}
	delete(references, serving+"queue") // beside each function, not in a Deployment
	for program, reference := range references {
		if !used[reference] {
			t.Errorf("no Deployment runs %s", program)
		}
	}
	for _, kind := range []string{"CustomResourceDefinition", "MutatingWebhookConfiguration", "ClusterRole", "Namespace"} {
		if kinds[kind] == 0 {
			t.Errorf("there is no %s among the manifests", kind)
		}
	}
	if kinds["HorizontalPodAutoscaler"] != 0 {
		t.Errorf("there is a HorizontalPodAutoscaler, which nothing serves here")
	}
}

// Limits stay, settings are added, and nothing else changes.
func TestAdapt(t *testing.T) {
	const before = `
apiVersion: v1
kind: ConfigMap
metadata: {name: config-domain}
data: {_example: text}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: controller}
spec:
  template:
    spec:
      containers:
        - image: x
          resources: {requests: {cpu: 1000m}, limits: {cpu: 1000m}}
          readinessProbe: {httpGet: {path: /readiness}, initialDelaySeconds: 20, periodSeconds: 5}
          livenessProbe: {initialDelaySeconds: 20}
`
	const after = `
apiVersion: v1
kind: ConfigMap
metadata: {name: config-domain}
data: {_example: text, cluster.test: ""}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: controller}
spec:
  template:
    spec:
      containers:
        - image: x
          resources: {requests: {cpu: 10m, memory: 20Mi}, limits: {cpu: 1000m}}
          readinessProbe: {httpGet: {path: /readiness}, periodSeconds: 1, failureThreshold: 10}
          livenessProbe: {initialDelaySeconds: 20}
`
	got := read(t, before)
	for _, object := range got {
		adapt(object)
	}
	if diff := cmp.Diff(read(t, after), got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

func read(t *testing.T, manifests string) []*objects.Object {
	t.Helper()
	found, err := objects.Read([]byte(manifests))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func containers(object *objects.Object) []map[string]any {
	list, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
	var found []map[string]any
	for _, entry := range list {
		found = append(found, entry.(map[string]any))
	}
	return found
}
