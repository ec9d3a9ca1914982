// SPDX-License-Identifier: Apache-2.0

package makejob

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Localize fits a ProwJob to a machine that is alone: it has one node and one
// build cluster, no accounts, queues, credentials or priorities, and nobody to
// report to. utilities are the machine's own: its pod utilities and its bucket.
// image, unless it is empty, replaces the images of the job's containers.
func Localize(pj *prowv1.ProwJob, utilities *prowv1.DecorationConfig, image string) {
	spec := &pj.Spec
	spec.Cluster, spec.JobQueueName, spec.MaxConcurrency = prowv1.DefaultClusterAlias, "", 0
	spec.Report, spec.ReporterConfig = false, nil
	pj.Status.State = prowv1.TriggeredState
	if pod := spec.PodSpec; pod != nil {
		pod.ServiceAccountName, pod.DeprecatedServiceAccount, pod.ImagePullSecrets = "", "", nil
		pod.NodeSelector, pod.Affinity, pod.Tolerations = nil, nil, nil
		pod.PriorityClassName, pod.Priority, pod.RuntimeClassName = "", nil, nil
		for _, containers := range [][]corev1.Container{pod.InitContainers, pod.Containers} {
			for i := range containers {
				containers[i].Resources = corev1.ResourceRequirements{}
				if image != "" {
					containers[i].Image = image
				}
			}
		}
	}
	if d := spec.DecorationConfig; d != nil {
		d.UtilityImages, d.GCSConfiguration = utilities.UtilityImages, utilities.GCSConfiguration
		d.GCSCredentialsSecret, d.S3CredentialsSecret = nil, nil
		d.SSHKeySecrets, d.CookiefileSecret, d.OauthTokenSecret, d.GitHubAppPrivateKeySecret = nil, nil, nil, nil
		d.DefaultServiceAccountName, d.SchedulingOptions, d.Resources = nil, nil, nil
	}
}

// Needs are the names of the secrets and of the config maps that the job's pod
// cannot start without, sorted.
func Needs(pj *prowv1.ProwJob) (secrets, configMaps []string) {
	n := needs{secrets: map[string]bool{}, configMaps: map[string]bool{}}
	if pod := pj.Spec.PodSpec; pod != nil {
		for _, v := range pod.Volumes {
			n.volume(v)
		}
		for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
			n.container(c)
		}
	}
	return slices.Sorted(maps.Keys(n.secrets)), slices.Sorted(maps.Keys(n.configMaps))
}

// needs are names of things.
type needs struct{ secrets, configMaps map[string]bool }

func (n needs) secret(name string, optional *bool) {
	if optional == nil || !*optional {
		n.secrets[name] = true
	}
}

func (n needs) configMap(name string, optional *bool) {
	if optional == nil || !*optional {
		n.configMaps[name] = true
	}
}

func (n needs) volume(v corev1.Volume) {
	if v.Secret != nil {
		n.secret(v.Secret.SecretName, v.Secret.Optional)
	}
	if v.ConfigMap != nil {
		n.configMap(v.ConfigMap.Name, v.ConfigMap.Optional)
	}
	if v.Projected == nil {
		return
	}
	for _, source := range v.Projected.Sources {
		if source.Secret != nil {
			n.secret(source.Secret.Name, source.Secret.Optional)
		}
		if source.ConfigMap != nil {
			n.configMap(source.ConfigMap.Name, source.ConfigMap.Optional)
		}
	}
}

func (n needs) container(c corev1.Container) {
	for _, from := range c.EnvFrom {
		if from.SecretRef != nil {
			n.secret(from.SecretRef.Name, from.SecretRef.Optional)
		}
		if from.ConfigMapRef != nil {
			n.configMap(from.ConfigMapRef.Name, from.ConfigMapRef.Optional)
		}
	}
	for _, env := range c.Env {
		if env.ValueFrom == nil {
			continue
		}
		if ref := env.ValueFrom.SecretKeyRef; ref != nil {
			n.secret(ref.Name, ref.Optional)
		}
		if ref := env.ValueFrom.ConfigMapKeyRef; ref != nil {
			n.configMap(ref.Name, ref.Optional)
		}
	}
}
