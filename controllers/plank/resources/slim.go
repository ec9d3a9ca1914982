// SPDX-License-Identifier: Apache-2.0

package resources

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// SlimPod is the transform of an informer of pods: it keeps what plank
// decides by, a small part of what a pod is.
func SlimPod(obj any) (any, error) {
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return obj, nil // the last state of a deleted object that was slimmed already
	}
	slim := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:              pod.Name,
			Namespace:         pod.Namespace,
			UID:               pod.UID,
			ResourceVersion:   pod.ResourceVersion,
			CreationTimestamp: pod.CreationTimestamp,
			DeletionTimestamp: pod.DeletionTimestamp,
			Finalizers:        pod.Finalizers,
			Labels:            map[string]string{},
		},
		Status: corev1.PodStatus{
			Phase:     pod.Status.Phase,
			Reason:    pod.Status.Reason,
			StartTime: pod.Status.StartTime,
		},
	}
	if name := pod.Labels[prowv1.IDLabel]; name != "" {
		slim.Labels[prowv1.IDLabel] = name
	}
	if id := BuildID(pod); id != "" {
		slim.Labels[prowv1.BuildIDLabel] = id
	}
	for _, container := range pod.Status.ContainerStatuses {
		slim.Status.ContainerStatuses = append(slim.Status.ContainerStatuses, slimContainer(container))
	}
	for _, container := range pod.Status.InitContainerStatuses { // of most pods they are over, and well
		end := container.State.Terminated
		if pod.Status.Phase == corev1.PodPending || end != nil && (end.ExitCode != 0 || EndLost(end)) {
			slim.Status.InitContainerStatuses = append(slim.Status.InitContainerStatuses, slimContainer(container))
		}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReadyToStartContainers {
			slim.Status.Conditions = []corev1.PodCondition{{
				Type: condition.Type, Status: condition.Status, LastTransitionTime: condition.LastTransitionTime,
			}}
		}
	}
	return slim, nil
}

// slimContainer keeps whether the node knows a container, and how it ended.
func slimContainer(container corev1.ContainerStatus) corev1.ContainerStatus {
	slim := corev1.ContainerStatus{Name: container.Name, ContainerID: container.ContainerID}
	if end := container.State.Terminated; end != nil {
		slim.State.Terminated = &corev1.ContainerStateTerminated{
			ExitCode:   end.ExitCode,
			Reason:     end.Reason,
			StartedAt:  end.StartedAt,
			FinishedAt: end.FinishedAt,
		}
	}
	return slim
}

// EndLost says whether nobody knows how a container ended, since its node's runtime
// was away then; the exit code is made up. containerd says "Unknown", kubelet
// "ContainerStatusUnknown". A container that containerd was about to start it calls
// an error that began in 1970; one that cannot start has the reason "StartError".
func EndLost(end *corev1.ContainerStateTerminated) bool {
	switch end.Reason {
	case "Unknown", "ContainerStatusUnknown":
		return true
	case "Error":
		return end.StartedAt.Unix() == 0
	default:
		return false
	}
}

// SlimProwJob is the transform of an informer of ProwJobs for all controllers:
// it leaves out what is big and of use only when a pod or a pipeline is made,
// for which the whole ProwJob is read.
func SlimProwJob(obj any) (any, error) {
	pj, ok := obj.(*prowv1.ProwJob)
	if !ok {
		return obj, nil
	}
	pj.ManagedFields = nil
	pj.Spec.PodSpec = nil
	pj.Spec.PipelineRunSpec = nil
	pj.Spec.TektonPipelineRunSpec = nil
	if d := pj.Spec.DecorationConfig; d != nil {
		pj.Spec.DecorationConfig = &prowv1.DecorationConfig{
			GCSConfiguration:      d.GCSConfiguration,
			GCSCredentialsSecret:  d.GCSCredentialsSecret,
			S3CredentialsSecret:   d.S3CredentialsSecret,
			PodPendingTimeout:     d.PodPendingTimeout,
			PodRunningTimeout:     d.PodRunningTimeout,
			PodUnscheduledTimeout: d.PodUnscheduledTimeout,
		}
	}
	return pj, nil
}
