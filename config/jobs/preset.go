// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// maxAdded is how many values presets may add to all jobs in a repository: a few
// lines of presets and of jobs could multiply to gigabytes.
const maxAdded = 100_000

// applyPresets adds to a job's pod what its labels ask for.
func (f *finisher) applyPresets(b *JobBase, kind string) {
	if b.Spec == nil {
		return
	}
	var env, mounts, volumes int
	for i := range f.presets {
		if p := &f.presets[i]; p.isFor(b.Labels) {
			env, mounts, volumes = env+len(p.Env), mounts+len(p.VolumeMounts), volumes+len(p.Volumes)
		}
	}
	if f.limited {
		if f.added += volumes + (env+mounts)*len(b.Spec.Containers); f.added > maxAdded {
			f.fail(b, kind, "labels", fmt.Sprintf("presets add more than %d values to the jobs of the repository", maxAdded))
			return
		}
	}
	b.Spec.Volumes = grown(b.Spec.Volumes, volumes)
	for i := range b.Spec.Containers {
		c := &b.Spec.Containers[i]
		c.Env, c.VolumeMounts = grown(c.Env, env), grown(c.VolumeMounts, mounts)
	}
	for i := range f.presets {
		preset := &f.presets[i]
		if !preset.isFor(b.Labels) {
			continue
		}
		if err := preset.addTo(b.Spec); err != nil {
			f.fail(b, kind, "spec", err.Error())
		}
	}
}

// grown is the list with room for n more, and for no others: slices.Grow may double it.
func grown[T any](list []T, n int) []T {
	if n == 0 {
		return list
	}
	return append(make([]T, 0, len(list)+n), list...)
}

// isFor reports whether a job with these labels gets the preset.
func (p *Preset) isFor(labels map[string]string) bool {
	for key, value := range p.Labels {
		if has, ok := labels[key]; !ok || has != value {
			return false
		}
	}
	return true
}

func (p *Preset) addTo(spec *corev1.PodSpec) error {
	for _, toleration := range p.Tolerations {
		if slices.ContainsFunc(spec.Tolerations, func(t corev1.Toleration) bool { return equality.Semantic.DeepEqual(t, toleration) }) {
			return fmt.Errorf("has a toleration that a preset adds too: %s", toleration.Key)
		}
		spec.Tolerations = append(spec.Tolerations, toleration)
	}
	for _, volume := range p.Volumes {
		if slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool { return v.Name == volume.Name }) {
			return fmt.Errorf("has the volume %s, which a preset adds too", volume.Name)
		}
		spec.Volumes = append(spec.Volumes, volume)
	}
	for i := range spec.Containers {
		c := &spec.Containers[i]
		for _, env := range p.Env {
			if slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == env.Name }) {
				return fmt.Errorf("has the environment variable %s, which a preset adds too", env.Name)
			}
			c.Env = append(c.Env, env)
		}
		for _, mount := range p.VolumeMounts {
			if slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == mount.Name && m.MountPath == mount.MountPath }) {
				return fmt.Errorf("has a mount of %s, which a preset adds too", mount.Name)
			}
			c.VolumeMounts = append(c.VolumeMounts, mount)
		}
	}
	return nil
}

// checkPresets reports pairs of label and value that two presets have.
func (f *finisher) checkPresets(presets []Preset) {
	seen := map[[2]string]bool{}
	for i := range presets {
		for _, key := range slices.Sorted(maps.Keys(presets[i].Labels)) {
			pair := [2]string{key, presets[i].Labels[key]}
			if seen[pair] {
				f.report(Invalid{
					Source: presets[i].Source, Job: "preset", Field: "labels", Message: fmt.Sprintf("another preset has the label %s: %s", pair[0], pair[1]),
				})
			}
			seen[pair] = true
		}
	}
}
