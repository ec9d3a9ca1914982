// SPDX-License-Identifier: Apache-2.0

// Package resources holds the pure parts of plank's pods: what plank adds to
// the pod that podutils/decorate builds, what it reads back, and what of the
// objects it watches is worth keeping in memory.
package resources

import (
	corev1 "k8s.io/api/core/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// buildIDEnv is the environment variable with the build ID, in every container of a run.
const buildIDEnv = "BUILD_ID"

// Finish makes a decorated pod ready to be created in a namespace: it labels
// it with the version of plank, if that is known, and takes off annotations
// that are plank's own notes on the ProwJob.
func Finish(pod *corev1.Pod, namespace, version string, notes ...string) {
	pod.Namespace = namespace
	if version != "" {
		if pod.Labels == nil {
			pod.Labels = map[string]string{}
		}
		pod.Labels[prowv1.PlankVersionLabel] = version
	}
	for _, note := range notes {
		delete(pod.Annotations, note)
	}
}

// BuildID is the build ID that a pod was made with: its label says so, or else
// the environment of its first container. Empty when it is not known.
func BuildID(pod *corev1.Pod) string {
	if id := pod.Labels[prowv1.BuildIDLabel]; id != "" {
		return id
	}
	if len(pod.Spec.Containers) == 0 {
		return ""
	}
	for _, env := range pod.Spec.Containers[0].Env {
		if env.Name == buildIDEnv {
			return env.Value
		}
	}
	return ""
}
