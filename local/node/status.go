// SPDX-License-Identifier: Apache-2.0

package node

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cutwater-ci/cutwater/local/node/fields"
)

// status is the pod's status now.
func (w *worker) status() corev1.PodStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.pod.Status.DeepCopy()
	s.Phase, s.Reason, s.Message = w.phase, w.reason, w.message
	if s.Phase == "" {
		s.Phase = w.livingPhase()
	}
	s.HostIP, s.HostIPs = fields.Address, []corev1.HostIP{{IP: fields.Address}}
	s.PodIP, s.PodIPs = fields.Address, []corev1.PodIP{{IP: fields.Address}}
	s.StartTime = w.startTime
	s.InitContainerStatuses = statuses(w.inits)
	s.ContainerStatuses = statuses(w.mains)
	w.setConditions(s.Phase)
	s.Conditions = slices.Clone(w.conditions)
	return *s
}

func statuses(containers []*container) []corev1.ContainerStatus {
	var out []corev1.ContainerStatus
	for _, c := range containers {
		out = append(out, *c.status.DeepCopy())
	}
	return out
}

// livingPhase is the phase of a pod whose end is not known yet. The caller
// holds mu.
func (w *worker) livingPhase() corev1.PodPhase {
	if !w.initialized {
		return corev1.PodPending
	}
	for _, c := range w.mains {
		if c.status.State.Waiting != nil && c.status.LastTerminationState.Terminated == nil {
			return corev1.PodPending
		}
	}
	return corev1.PodRunning
}

// setConditions brings the conditions up to date. The caller holds mu.
func (w *worker) setConditions(phase corev1.PodPhase) {
	ready := w.initialized
	for _, c := range w.mains {
		ready = ready && c.status.Ready
	}
	for _, c := range w.inits {
		ready = ready && (c.kind != sidecarContainer || c.status.Ready)
	}
	notReady, notInitialized := "ContainersNotReady", "ContainersNotInitialized"
	if phase == corev1.PodSucceeded {
		notReady, notInitialized = "PodCompleted", "PodCompleted"
	}
	over := phase == corev1.PodSucceeded || phase == corev1.PodFailed
	w.condition(corev1.PodScheduled, true, "")
	w.condition(corev1.PodReadyToStartContainers, w.volumes != nil && !over, "")
	w.condition(corev1.PodInitialized, w.initialized, notInitialized)
	w.condition(corev1.ContainersReady, ready && !over, notReady)
	w.condition(corev1.PodReady, ready && !over, notReady)
}

// condition sets one. The caller holds mu.
func (w *worker) condition(kind corev1.PodConditionType, is bool, otherwise string) {
	c := corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()}
	if !is {
		c.Status, c.Reason = corev1.ConditionFalse, otherwise
	}
	i := slices.IndexFunc(w.conditions, func(old corev1.PodCondition) bool { return old.Type == kind })
	if i < 0 {
		w.conditions = append(w.conditions, c)
		return
	}
	if old := w.conditions[i]; old.Status == c.Status {
		c.LastTransitionTime = old.LastTransitionTime
	}
	w.conditions[i] = c
}
