// SPDX-License-Identifier: Apache-2.0

package resources_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/controllers/plank/resources"
)

func TestBuildID(t *testing.T) {
	env := func(name, value string) []corev1.Container {
		return []corev1.Container{{Env: []corev1.EnvVar{{Name: "CI", Value: "true"}, {Name: name, Value: value}}}}
	}
	label := metav1.ObjectMeta{Labels: map[string]string{prowv1.BuildIDLabel: "1"}}
	for _, tc := range []struct {
		name string
		pod  corev1.Pod
		want string
	}{
		{"label", corev1.Pod{ObjectMeta: label, Spec: corev1.PodSpec{Containers: env("BUILD_ID", "2")}}, "1"},
		{"environment", corev1.Pod{Spec: corev1.PodSpec{Containers: env("BUILD_ID", "2")}}, "2"},
		{"another variable", corev1.Pod{Spec: corev1.PodSpec{Containers: env("BUILD_NUMBER", "2")}}, ""},
		{"nothing", corev1.Pod{}, ""},
	} {
		if got := resources.BuildID(&tc.pod); got != tc.want {
			t.Errorf("%s: got build ID %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestSlimPodKeepsWhatDecides(t *testing.T) {
	now := metav1.Now()
	end := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", StartedAt: now, FinishedAt: now}}
	succeeded := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed", FinishedAt: now}}
	lost := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 255, Reason: "Unknown"}}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "run", Namespace: "pods", UID: "u", ResourceVersion: "7", CreationTimestamp: now, DeletionTimestamp: &now,
			Finalizers:    []string{"f"},
			Labels:        map[string]string{prowv1.IDLabel: "run", prowv1.JobLabel: "unit"},
			Annotations:   map[string]string{"a": "b"},
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubelet"}},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Env: []corev1.EnvVar{{Name: "BUILD_ID", Value: "9"}}}}},
		Status: corev1.PodStatus{
			Phase: corev1.PodFailed, Reason: "Evicted", StartTime: &now, PodIP: "10.0.0.1",
			Conditions: []corev1.PodCondition{
				{Type: corev1.PodReady, Status: corev1.ConditionFalse},
				{Type: corev1.PodReadyToStartContainers, Status: corev1.ConditionFalse, LastTransitionTime: now, LastProbeTime: now},
			},
			ContainerStatuses: []corev1.ContainerStatus{
				{Name: "test", Image: "alpine", ContainerID: "containerd://1", State: end},
				{Name: "sidecar", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}}},
			},
			InitContainerStatuses: []corev1.ContainerStatus{
				{Name: "clonerefs", Image: "alpine", State: lost},
				{Name: "initupload", State: end},
				{Name: "place-entrypoint", State: succeeded},
			},
		},
	}
	want := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "run", Namespace: "pods", UID: "u", ResourceVersion: "7", CreationTimestamp: now, DeletionTimestamp: &now,
			Finalizers: []string{"f"},
			Labels:     map[string]string{prowv1.IDLabel: "run", prowv1.BuildIDLabel: "9"},
		},
		Status: corev1.PodStatus{
			Phase: corev1.PodFailed, Reason: "Evicted", StartTime: &now,
			Conditions:        []corev1.PodCondition{{Type: corev1.PodReadyToStartContainers, Status: corev1.ConditionFalse, LastTransitionTime: now}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: "test", ContainerID: "containerd://1", State: end}, {Name: "sidecar"}},
			InitContainerStatuses: []corev1.ContainerStatus{
				{Name: "clonerefs", State: lost},
				{Name: "initupload", State: end},
			},
		},
	}
	for range 2 { // slimming bears repeating
		slim, err := resources.SlimPod(pod)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, slim); diff != "" {
			t.Errorf("slim pod (-want +got):\n%s", diff)
		}
		pod = slim.(*corev1.Pod)
	}
}

func TestSlimProwJob(t *testing.T) {
	timeout := &metav1.Duration{Duration: 1}
	bucket := &prowv1.GCSConfiguration{Bucket: "b"}
	pj := &prowv1.ProwJob{
		ObjectMeta: metav1.ObjectMeta{Name: "run", ManagedFields: []metav1.ManagedFieldsEntry{{}}, Labels: map[string]string{"l": "v"}},
		Spec: prowv1.ProwJobSpec{
			Job: "unit", PodSpec: &corev1.PodSpec{},
			DecorationConfig: &prowv1.DecorationConfig{PodPendingTimeout: timeout, GCSConfiguration: bucket, SSHKeySecrets: []string{"s"}},
		},
		Status: prowv1.ProwJobStatus{State: prowv1.PendingState},
	}
	want := &prowv1.ProwJob{
		ObjectMeta: metav1.ObjectMeta{Name: "run", Labels: map[string]string{"l": "v"}},
		Spec: prowv1.ProwJobSpec{
			Job:              "unit",
			DecorationConfig: &prowv1.DecorationConfig{PodPendingTimeout: timeout, GCSConfiguration: bucket},
		},
		Status: prowv1.ProwJobStatus{State: prowv1.PendingState},
	}
	got, err := resources.SlimProwJob(pj)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("slim ProwJob (-want +got), %v:\n%s", err, diff)
	}
}
