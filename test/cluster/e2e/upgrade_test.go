// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/cutwater-ci/cutwater/test/cluster/install"
	"github.com/cutwater-ci/cutwater/test/cluster/objects"
)

// upgrade tells how every part is replaced by a new release of it, while five
// webhooks a second come. Nothing is lost, and hook answers all of them.
func upgrade(t *testing.T, w *world) {
	before := w.revisions(t)
	installation := w.release(t, fmt.Sprint(time.Now().UnixNano()))
	c := w.gather(t, gathering{name: "upgrade", pulls: 6, perSecond: 5, tests: 15})
	begun := time.Now()
	installation()
	await(t, "the new controllers alone", func() string { return w.rolling(t) })
	w.figures.note(t, "upgrade: all parts are new after", seconds(time.Since(begun)), "")
	after := w.revisions(t)
	for name, revision := range before {
		if after[name] == revision {
			t.Errorf("%s is still at %s", name, revision)
		}
	}
	pause(t, 10*time.Second)
	c.disperse(t)
	c.check(t)
}

// release builds another release of Cutwater, the same sources in other images,
// and returns what installs it.
func (w *world) release(t *testing.T, name string) (installation func()) {
	t.Helper()
	config, err := w.cluster.Config()
	if err != nil {
		t.Fatal(err)
	}
	i, err := install.New(install.Options{Node: w.cluster, Config: config, Root: "../../..", Release: name, Progress: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	built, err := i.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// GitHub and the S3 server are not Cutwater's, and forget everything when they start.
	built = slices.DeleteFunc(built, func(o *objects.Object) bool { return o.GetNamespace() != ours })
	return func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := i.Install(ctx, built); err != nil {
			t.Fatal(err)
		}
	}
}

// revisions are those that serve, by function.
func (w *world) revisions(t *testing.T) map[string]string {
	t.Helper()
	services, err := w.dynamic.Resource(schema.GroupVersionResource{Group: "serving.knative.dev", Version: "v1", Resource: "services"}).
		Namespace(ours).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, service := range services.Items {
		found[service.GetName()], _, _ = unstructured.NestedString(service.Object, "status", "latestReadyRevisionName")
	}
	for _, want := range []string{"deck", "hook", "horologium", "plugins", "sinker"} {
		if found[want] == "" {
			t.Fatalf("%s has no revision that is ready, of %v", want, slices.Sorted(maps.Keys(found)))
		}
	}
	return found
}

// rolling says which controllers are still those of before.
func (w *world) rolling(t *testing.T) string {
	t.Helper()
	d, err := w.kube.AppsV1().Deployments(ours).Get(t.Context(), "controller", metav1.GetOptions{})
	if err != nil {
		return err.Error()
	}
	image := d.Spec.Template.Spec.Containers[0].Image
	old := w.pods.present(ours, func(pod life) bool {
		return strings.HasPrefix(pod.pod.Name, "controller-") && (pod.pod.Spec.Containers[0].Image != image || !isReady(pod.pod))
	})
	if len(old) == 0 && d.Status.ReadyReplicas != *d.Spec.Replicas {
		return fmt.Sprintf("%d of %d are ready", d.Status.ReadyReplicas, *d.Spec.Replicas)
	}
	return list(old)
}
