// SPDX-License-Identifier: Apache-2.0

package decorate

import (
	"fmt"
	"maps"
	"path"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Where the sidecar has secrets only to know them. Where the job mounts them
// could be in the way of what the sidecar itself needs.
const (
	jobSecretsPath  = "/secrets/job"
	environmentPath = "/secrets/env"
)

// findSecrets returns the mounts by which the sidecar knows what to censor: with
// all, each secret that the job has, for which it may add volumes.
func (p *pod) findSecrets(spec *corev1.PodSpec, all bool) []corev1.VolumeMount {
	var found []corev1.VolumeMount
	asked := p.config.CensorSecrets
	if isTrue(asked) {
		found = secretMounts(spec)
	}
	if all && (asked == nil || *asked) {
		found = append(found, otherMounts(spec, found)...)
		p.censored = environmentSecrets(spec)
		found = append(found, mounts(p.censored)...)
	}
	return found
}

// secretMounts are what the job's containers mount of secrets, as they do. Two
// may mount a secret at one place; the sidecar cannot mount it twice there.
func secretMounts(spec *corev1.PodSpec) []corev1.VolumeMount {
	isSecret := map[string]bool{}
	for _, volume := range spec.Volumes {
		isSecret[volume.Name] = volume.Secret != nil
	}
	var found []corev1.VolumeMount
	taken := map[string]bool{}
	for i := range spec.Containers {
		for _, mount := range spec.Containers[i].VolumeMounts {
			if isSecret[mount.Name] && !taken[mount.MountPath] {
				taken[mount.MountPath] = true
				found = append(found, mount)
			}
		}
	}
	return found
}

// otherMounts are of the volumes with secrets that the job mounts and that are
// not among those found.
func otherMounts(spec *corev1.PodSpec, found []corev1.VolumeMount) []corev1.VolumeMount {
	wanted := map[string]bool{}
	for _, container := range jobContainers(spec) {
		for _, mount := range container.VolumeMounts {
			wanted[mount.Name] = true
		}
	}
	for _, mount := range found {
		wanted[mount.Name] = false
	}
	var others []corev1.VolumeMount
	for _, volume := range spec.Volumes {
		if wanted[volume.Name] && holdsSecrets(&volume) {
			others = append(others, corev1.VolumeMount{Name: volume.Name, MountPath: path.Join(jobSecretsPath, volume.Name), ReadOnly: true})
		}
	}
	return others
}

// secretsStore is the driver of volumes whose files are secrets kept elsewhere.
const secretsStore = "secrets-store.csi.k8s.io"

func holdsSecrets(volume *corev1.Volume) bool {
	switch {
	case volume.Secret != nil:
		return true
	case volume.CSI != nil:
		return volume.CSI.Driver == secretsStore
	case volume.Projected != nil:
		return slices.ContainsFunc(volume.Projected.Sources, func(s corev1.VolumeProjection) bool {
			return s.Secret != nil || s.ServiceAccountToken != nil
		})
	}
	return false
}

// jobContainers are the job's own containers of both kinds.
func jobContainers(spec *corev1.PodSpec) []corev1.Container {
	return slices.DeleteFunc(slices.Concat(spec.InitContainers, spec.Containers), func(c corev1.Container) bool {
		return slices.Contains(UtilityContainers(), c.Name)
	})
}

// environmentSecrets are volumes of the secrets that containers have in their
// environment, each with the keys they use.
func environmentSecrets(spec *corev1.PodSpec) []storage {
	taken := map[string]bool{}
	for i := range spec.Volumes {
		taken[spec.Volumes[i].Name] = true
	}
	var found []storage
	number := 0
	keys := environmentKeys(spec)
	for _, secret := range slices.Sorted(maps.Keys(keys)) {
		for taken[volumeName(number)] {
			number++
		}
		// Should the secret not be there, the job's own containers say so.
		source := corev1.SecretVolumeSource{SecretName: secret, Optional: new(true)}
		if used := keys[secret]; !used[wholeSecret] {
			for _, key := range slices.Sorted(maps.Keys(used)) {
				source.Items = append(source.Items, corev1.KeyToPath{Key: key, Path: key})
			}
		}
		found = append(found, secretDir(volumeName(number), path.Join(environmentPath, secret), source, true))
		number++
	}
	return found
}

func volumeName(number int) string { return fmt.Sprintf("censored-%d", number) }

// wholeSecret stands for all keys; it is none itself.
const wholeSecret = ""

// environmentKeys are the keys that containers use, by secret.
func environmentKeys(spec *corev1.PodSpec) map[string]map[string]bool {
	keys := map[string]map[string]bool{}
	use := func(secret, key string) {
		if keys[secret] == nil {
			keys[secret] = map[string]bool{}
		}
		keys[secret][key] = true
	}
	for _, container := range jobContainers(spec) {
		for _, env := range container.Env {
			if env.ValueFrom != nil && env.ValueFrom.SecretKeyRef != nil {
				use(env.ValueFrom.SecretKeyRef.Name, env.ValueFrom.SecretKeyRef.Key)
			}
		}
		for _, from := range container.EnvFrom {
			if from.SecretRef != nil {
				use(from.SecretRef.Name, wholeSecret)
			}
		}
	}
	return keys
}
