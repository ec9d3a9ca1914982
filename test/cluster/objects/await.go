// SPDX-License-Identifier: Apache-2.0

package objects

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
)

// readyWithin is how long it may take until objects are applied, or ready, on a
// busy machine.
const readyWithin = 15 * time.Minute

// Await waits until each of the objects is ready, as its kind says that; the
// error says which one is not, and what it says of itself.
func (c *Cluster) Await(ctx context.Context, objects []*Object) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for _, object := range objects {
		var why string
		err := wait.PollUntilContextCancel(ctx, often, true, func(ctx context.Context) (bool, error) {
			now, err := c.Get(ctx, object)
			if apierrors.IsNotFound(err) {
				why = "it is not there"
				return false, nil
			}
			if err != nil {
				why = err.Error()
				return false, unlessTransient(err)
			}
			why = unready(now)
			return why == "", nil
		})
		if err != nil {
			return fmt.Errorf("waiting for %s: %w: %s", describe(object), err, why)
		}
	}
	return nil
}

// condition is the condition that says that an object of the kind is ready.
func condition(object *Object) string {
	switch group := object.GroupVersionKind().Group; object.GetKind() {
	case "CustomResourceDefinition":
		return "Established"
	case "Deployment":
		return "Available"
	case "Service":
		if group == "" {
			return ""
		}
		return "Ready"
	case "Broker", "Trigger", "PingSource", "SinkBinding", "InMemoryChannel", "Subscription":
		return "Ready"
	}
	return ""
}

// unready says what an object lacks; it is empty when the object is ready.
func unready(object *Object) string {
	observed, found, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	if found && observed < object.GetGeneration() {
		return "its controller has not seen its last change"
	}
	switch object.GetKind() {
	case "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration":
		return withoutAuthority(object)
	}
	want := condition(object)
	if want == "" {
		return ""
	}
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, entry := range conditions {
		c, _ := entry.(map[string]any)
		if c["type"] != want {
			continue
		}
		if c["status"] == "True" {
			return ""
		}
		return fmt.Sprintf("%s is %v: %v %v", want, c["status"], c["reason"], c["message"])
	}
	return "it has no condition " + want
}

// withoutAuthority says which webhook its program has not completed yet.
func withoutAuthority(object *Object) string {
	webhooks, _, _ := unstructured.NestedSlice(object.Object, "webhooks")
	for _, entry := range webhooks {
		webhook, _ := entry.(map[string]any)
		if bundle, _, _ := unstructured.NestedString(webhook, "clientConfig", "caBundle"); bundle == "" {
			return fmt.Sprintf("the webhook %v has no certificate authority yet", webhook["name"])
		}
	}
	return ""
}
