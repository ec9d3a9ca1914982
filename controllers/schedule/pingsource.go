// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// pingSources is Knative Eventing's. Its typed client would cost this process
// some MiB for the one object that it writes.
func pingSources() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "sources.knative.dev", Version: "v1", Resource: "pingsources"}
}

const (
	// label and labelValue are on the PingSources that are kept here.
	label      = "cutwater-ci.github.io/timetable"
	labelValue = "periodics"
	// function is the Knative Service that is rung.
	function = "horologium"
)

// spec is a PingSource's.
func (r *Reconciler) spec(line string) map[string]any {
	return map[string]any{
		"schedule": line,
		"timezone": "UTC",
		"sink": map[string]any{"ref": map[string]any{
			"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": function, "namespace": r.namespace,
		}},
	}
}

// right reports whether a PingSource rings as it should. What else is in it,
// such as a newer Knative's defaults, does no harm, but for another path.
func (r *Reconciler) right(source *unstructured.Unstructured, line string) bool {
	uri, _, _ := unstructured.NestedString(source.Object, "spec", "sink", "uri")
	return uri == "" && equality.Semantic.DeepDerivative(r.spec(line), source.Object["spec"])
}

func scheduleOf(source *unstructured.Unstructured) string {
	line, _, _ := unstructured.NestedString(source.Object, "spec", "schedule")
	return line
}

// create makes the PingSource that is missing.
func (r *Reconciler) create(ctx context.Context, name, line string) error {
	source := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": pingSources().GroupVersion().String(), "kind": "PingSource", "spec": r.spec(line),
	}}
	source.SetName(name)
	source.SetLabels(map[string]string{label: labelValue})
	_, err := r.client.Create(ctx, source, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) { // The cache is late, or somebody took the label off.
		return r.change(ctx, name, line)
	}
	return r.told("creating", name, line, err)
}

// change makes a PingSource ring at the line's times, whatever else it is.
func (r *Reconciler) change(ctx context.Context, name, line string) error {
	spec := r.spec(line)
	spec["sink"].(map[string]any)["uri"] = nil
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": map[string]any{label: labelValue}}, "spec": spec})
	if err != nil {
		return err
	}
	_, err = r.client.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
	if apierrors.IsNotFound(err) { // The cache is late, and the deletion will be in it soon.
		return nil
	}
	return r.told("changing", name, line, err)
}

func (r *Reconciler) remove(ctx context.Context, name string) error {
	err := r.client.Delete(ctx, name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return r.told("deleting", name, "", err)
}

// told logs what was done, or wraps why it was not.
func (r *Reconciler) told(what, name, line string, err error) error {
	if err != nil {
		return fmt.Errorf("%s PingSource %s: %w", what, name, err)
	}
	r.log.Infow(what+" a PingSource", "pingsource", name, "schedule", line)
	return nil
}
