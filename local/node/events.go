// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"
)

// events records Kubernetes Events. They are sent aside and may be lost while
// the API server is away.
type events struct {
	broadcaster        record.EventBroadcaster
	kubelet, scheduler record.EventRecorder
}

func newEvents(ctx context.Context, client kubernetes.Interface, nodeName string) *events {
	b := record.NewBroadcaster(record.WithContext(ctx))
	b.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	return &events{
		broadcaster: b,
		kubelet:     b.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet", Host: nodeName}),
		scheduler:   b.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "default-scheduler"}),
	}
}

// pod records an Event about pod.
func (e *events) pod(pod *corev1.Pod, kind, reason, message string) {
	e.kubelet.Event(pod, kind, reason, message)
}

// container records an Event about a container of pod.
func (e *events) container(pod *corev1.Pod, name string, part containerKind, kind, reason, message string) {
	field := "containers"
	if part != mainContainer {
		field = "initContainers"
	}
	e.kubelet.Event(&corev1.ObjectReference{
		APIVersion: "v1", Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID,
		ResourceVersion: pod.ResourceVersion, FieldPath: fmt.Sprintf("spec.%s{%s}", field, name),
	}, kind, reason, message)
}

// bound records that pod was given to a node.
func (e *events) bound(pod *corev1.Pod, nodeName string) {
	e.scheduler.Event(pod, corev1.EventTypeNormal, "Scheduled",
		fmt.Sprintf("Successfully assigned %s to %s", podKey(pod), nodeName))
}

func (e *events) close() { e.broadcaster.Shutdown() }

// podKey is how people write which pod it is.
func podKey(pod *corev1.Pod) string { return pod.Namespace + "/" + pod.Name }
