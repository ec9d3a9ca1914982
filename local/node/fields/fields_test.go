// SPDX-License-Identifier: Apache-2.0

package fields_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cutwater-ci/cutwater/local/node/fields"
)

func TestField(t *testing.T) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "ns", Name: "n", UID: "u", Labels: map[string]string{"b/c": "2", "a": "1"}, Annotations: map[string]string{"x": "line\nline"},
		},
		Spec: corev1.PodSpec{NodeName: "node", ServiceAccountName: "account"},
	}
	for path, want := range map[string]string{
		"metadata.name": "n", "metadata.namespace": "ns", "metadata.uid": "u",
		"metadata.labels": "a=\"1\"\nb/c=\"2\"", "metadata.labels['b/c']": "2", "metadata.labels['none']": "",
		"metadata.annotations": `x="line\nline"`, "metadata.annotations['x']": "line\nline",
		"spec.nodeName": "node", "spec.serviceAccountName": "account", "status.podIP": "127.0.0.1", "status.hostIP": "127.0.0.1",
	} {
		if got, err := fields.Field(pod, path); err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", path, got, err, want)
		}
	}
	if got, err := fields.Field(pod, "spec.volumes"); err == nil {
		t.Errorf("spec.volumes: got %q, want an error", got)
	}
}

func TestResource(t *testing.T) {
	containers := []corev1.Container{
		{Name: "a", Resources: corev1.ResourceRequirements{
			Limits:   corev1.ResourceList{"memory": resource.MustParse("1Gi")},
			Requests: corev1.ResourceList{"cpu": resource.MustParse("1200m")},
		}},
		{Name: "b"},
	}
	machine := corev1.ResourceList{"memory": resource.MustParse("4Gi"), "cpu": resource.MustParse("2")}
	for _, test := range []struct {
		ref  corev1.ResourceFieldSelector
		want string // "" is an error
	}{
		{corev1.ResourceFieldSelector{Resource: "limits.memory"}, "1073741824"},
		{corev1.ResourceFieldSelector{Resource: "limits.memory", Divisor: resource.MustParse("1000Mi")}, "2"},
		{corev1.ResourceFieldSelector{Resource: "limits.cpu"}, "2"},
		{corev1.ResourceFieldSelector{Resource: "requests.cpu"}, "2"},
		{corev1.ResourceFieldSelector{Resource: "requests.cpu", Divisor: resource.MustParse("1m")}, "1200"},
		{corev1.ResourceFieldSelector{ContainerName: "b", Resource: "limits.memory", Divisor: resource.MustParse("1Gi")}, "4"},
		{corev1.ResourceFieldSelector{ContainerName: "b", Resource: "requests.cpu"}, "0"},
		{corev1.ResourceFieldSelector{ContainerName: "none", Resource: "limits.cpu"}, ""},
		{corev1.ResourceFieldSelector{Resource: "memory"}, ""},
	} {
		got, err := fields.Resource(containers, "a", &test.ref, machine)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%+v: got %q, %v; want %q", test.ref, got, err, test.want)
		}
	}
}
