// SPDX-License-Identifier: Apache-2.0

package makejob

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Machine is what a machine that is alone has for a job.
type Machine struct {
	// Utilities are its own pod utilities and its bucket.
	Utilities *prowv1.DecorationConfig
	// Image, unless it is empty, replaces the images of the job's containers.
	Image string
	// HasSecret reports whether it has a secret.
	HasSecret func(name string) bool
	// HasCode is whether the code comes from the machine itself, so that nobody logs in to clone it.
	HasCode bool
}

// Localize fits a ProwJob to a machine: it has one node and one build cluster,
// no accounts, queues or priorities, and nobody to report to.
func Localize(pj *prowv1.ProwJob, m Machine) {
	spec := &pj.Spec
	spec.Cluster, spec.JobQueueName, spec.MaxConcurrency = prowv1.DefaultClusterAlias, "", 0
	spec.Report, spec.ReporterConfig = false, nil
	pj.Status.State = prowv1.TriggeredState
	if spec.PodSpec != nil {
		localizePod(spec.PodSpec, m)
	}
	if d := spec.DecorationConfig; d != nil {
		d.UtilityImages, d.GCSConfiguration = m.Utilities.UtilityImages, m.Utilities.GCSConfiguration
		d.GCSCredentialsSecret, d.S3CredentialsSecret = nil, nil
		d.DefaultServiceAccountName, d.SchedulingOptions, d.Resources = nil, nil, nil
		localizeCredentials(d, m)
	}
}

func localizePod(pod *corev1.PodSpec, m Machine) {
	pod.ServiceAccountName, pod.DeprecatedServiceAccount = "", ""
	pod.ImagePullSecrets = slices.DeleteFunc(pod.ImagePullSecrets, func(s corev1.LocalObjectReference) bool { return !m.HasSecret(s.Name) })
	pod.NodeSelector, pod.Affinity, pod.Tolerations = nil, nil, nil
	pod.PriorityClassName, pod.Priority, pod.RuntimeClassName = "", nil, nil
	for _, containers := range [][]corev1.Container{pod.InitContainers, pod.Containers} {
		for i := range containers {
			containers[i].Resources = corev1.ResourceRequirements{}
			if m.Image != "" {
				containers[i].Image = m.Image
			}
		}
	}
}

// localizeCredentials leaves the credentials for cloning that there are, and are needed.
func localizeCredentials(d *prowv1.DecorationConfig, m Machine) {
	has := func(name string) bool { return m.HasSecret(name) && !m.HasCode }
	d.SSHKeySecrets = slices.DeleteFunc(d.SSHKeySecrets, func(name string) bool { return !has(name) })
	if s := d.OauthTokenSecret; s != nil && !has(s.Name) {
		d.OauthTokenSecret = nil
	}
	if s := d.GitHubAppPrivateKeySecret; s != nil && !has(s.Name) {
		d.GitHubAppID, d.GitHubAppPrivateKeySecret = "", nil
	}
	if s := d.CookiefileSecret; s != nil {
		if name, _, _ := strings.Cut(*s, "/"); !has(name) {
			d.CookiefileSecret = nil
		}
	}
}
