// SPDX-License-Identifier: Apache-2.0

// Package decorate turns a ProwJob into its pod: it adds the environment and,
// where the job is decorated, the pod utilities that clone the code, guard the
// test process and upload the results. It is pure: no client, no clock.
//
// In Prow: pkg/pod-utils/decorate.
package decorate

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
)

// TestContainer is the name of a pod's only container.
const TestContainer = "test"

// Options are what the pod needs beside its ProwJob.
type Options struct {
	// Namespace is config.yaml's pod_namespace.
	Namespace string
	// OutputDir is a folder of the machine to copy the results to instead of
	// uploading them; empty uploads.
	OutputDir string
	// CensorAll lets the sidecar take out of logs and artifacts every secret that
	// the job has, mounted or in its environment, unless censor_secrets is false.
	// Without it the pod is Prow's: mounted secrets only, where censor_secrets is true.
	CensorAll bool
}

// Pod is the pod of a ProwJob, whose status has to hold the build ID.
func Pod(pj *prowv1.ProwJob, opt Options) (*corev1.Pod, error) {
	if pj.Spec.PodSpec == nil {
		return nil, fmt.Errorf("prowjob %q lacks a pod spec", pj.Name)
	}
	jobSpec := jobspec.Of(pj)
	env, err := jobSpec.Env()
	if err != nil {
		return nil, err
	}
	spec := pj.Spec.PodSpec.DeepCopy()
	spec.RestartPolicy = corev1.RestartPolicyNever
	if len(spec.Containers) == 1 {
		spec.Containers[0].Name = TestContainer
	}
	if spec.AutomountServiceAccountToken == nil && spec.ServiceAccountName == "" {
		// Kubernetes would mount the default account's token.
		spec.AutomountServiceAccountToken = new(false)
	}
	if pj.Spec.DecorationConfig == nil {
		addEnv(spec.Containers, env)
	} else if err := decorate(spec, pj, env, opt); err != nil {
		return nil, fmt.Errorf("decorating pod of prowjob %q: %w", pj.Name, err)
	}
	explainFailures(spec.InitContainers)
	explainFailures(spec.Containers)

	labels := pj.Spec.RunLabels(pj.Labels, map[string]string{prowv1.IDLabel: pj.Name, prowv1.BuildIDLabel: pj.Status.BuildID})
	annotations := pj.Spec.RunAnnotations(pj.Annotations)
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:        pj.Name,
			Namespace:   opt.Namespace,
			Labels:      labels,
			Annotations: annotations,
		},
		Spec: *spec,
	}, nil
}

// explainFailures makes the end of a failed container's log its message, so
// that it survives the pod.
func explainFailures(containers []corev1.Container) {
	for i := range containers {
		if containers[i].TerminationMessagePolicy == "" {
			containers[i].TerminationMessagePolicy = corev1.TerminationMessageFallbackToLogsOnError
		}
	}
}
