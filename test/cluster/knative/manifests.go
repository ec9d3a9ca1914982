// SPDX-License-Identifier: Apache-2.0

package knative

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/cutwater-ci/cutwater/test/cluster/ingress"
	"github.com/cutwater-ci/cutwater/test/cluster/objects"
)

// folders are where the manifests are, by module, in the order of applying.
func folders() [][2]string {
	return [][2]string{
		{"knative.dev/serving", "config/core"},
		{"knative.dev/networking", "config"},
		{"knative.dev/caching", "config"},
		{"knative.dev/eventing", "config/core"},
		{"knative.dev/eventing", "config/channels/in-memory-channel"},
		{"knative.dev/eventing", "config/brokers/mt-channel-broker"},
	}
}

// Manifests returns Knative's objects as this cluster has them.
func Manifests(ctx context.Context, references map[string]string) ([]*objects.Object, error) {
	module, err := Module()
	if err != nil {
		return nil, err
	}
	manifests, err := ours()
	if err != nil {
		return nil, err
	}
	for _, folder := range folders() {
		source, err := module.Source(ctx, folder[0])
		if err != nil {
			return nil, err
		}
		found, err := objects.ReadFolder(os.DirFS(source), folder[1])
		if err != nil {
			return nil, fmt.Errorf("the manifests of %s: %w", folder[0], err)
		}
		manifests = append(manifests, found...)
	}
	manifests = slices.DeleteFunc(manifests, isUnwanted)
	for _, object := range manifests {
		adapt(object)
	}
	all := maps.Clone(references)
	for _, name := range unused() {
		all[name] = "dev.local/not-built"
	}
	return manifests, objects.Images(manifests, all)
}

// unused are programs that Eventing's controller must be told an image of,
// though it starts none of them here.
func unused() []string {
	return []string{eventing + "apiserver_receive_adapter", eventing + "auth_proxy"}
}

// isUnwanted reports what this cluster has no use for.
func isUnwanted(object *objects.Object) bool {
	switch object.GetKind() {
	case "HorizontalPodAutoscaler", "PodDisruptionBudget":
		return true // there is one pod of each, on one node
	case "Deployment", "StatefulSet":
		return object.GetName() == "job-sink" || object.GetName() == "request-reply"
	}
	return false
}

// settings are what differs from Knative's defaults, by ConfigMap.
func settings() map[string]map[string]string {
	return map[string]map[string]string{
		"config-deployment": {"registries-skipping-tag-resolving": "dev.local"},
		"config-network":    {"ingress-class": ingress.Class},
		"config-domain":     {Domain: ""},
		// The defaults, which the tests measure.
		"config-autoscaler": {"scale-to-zero-grace-period": "30s", "stable-window": "60s"},
	}
}

// adapt fits an object to a small node.
func adapt(object *objects.Object) {
	switch object.GetKind() {
	case "ConfigMap":
		for key, value := range settings()[object.GetName()] {
			set(object.Object, value, "data", key)
		}
	case "Deployment":
		containers, _, _ := unstructured.NestedFieldNoCopy(object.Object, "spec", "template", "spec", "containers")
		list, _ := containers.([]any)
		for _, entry := range list {
			if container, ok := entry.(map[string]any); ok {
				shrink(container)
			}
		}
	}
}

// shrink lowers what a container asks for, so that all of Knative finds room
// beside Cutwater, and has its readiness seen soon. Limits stay: without CPU
// nothing starts.
func shrink(container map[string]any) {
	set(container, map[string]any{"cpu": "10m", "memory": "20Mi"}, "resources", "requests")
	if probe, ok := container["readinessProbe"].(map[string]any); ok {
		delete(probe, "initialDelaySeconds")
		probe["periodSeconds"] = int64(1)
		probe["failureThreshold"] = int64(10)
	}
}

// set sets a field of a document that was read, whose folders are maps.
func set(document map[string]any, value any, path ...string) {
	if err := unstructured.SetNestedField(document, value, path...); err != nil {
		panic(err) // Knative's manifests are pinned
	}
}

// ours are the ConfigMaps that Eventing's controller wants and its modules do
// not carry: the images of programs in other languages, none of which start here.
func ours() ([]*objects.Object, error) {
	return objects.Read([]byte(`
apiVersion: v1
kind: ConfigMap
metadata: {name: eventing-transformations-images, namespace: knative-eventing}
data: {transform-jsonata: dev.local/not-built}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: eventing-integrations-images, namespace: knative-eventing}
data:
  timer-source: dev.local/not-built
  aws-s3-source: dev.local/not-built
  aws-sqs-source: dev.local/not-built
  aws-ddb-streams-source: dev.local/not-built
  log-sink: dev.local/not-built
  aws-s3-sink: dev.local/not-built
  aws-sqs-sink: dev.local/not-built
  aws-sns-sink: dev.local/not-built
`))
}
