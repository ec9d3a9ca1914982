// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// maxAdded is how many values presets may add to all jobs in a repository: a few
// lines of presets and of jobs could multiply to gigabytes.
const maxAdded = 100_000

// presets finds out what the labels of jobs ask for, and adds it.
type presets struct {
	all []Preset
	// wanted are the labels that each asks for.
	wanted [][]label
	// bundles are what presets add together, by which ones they are; key is memory to find them.
	bundles map[string]*Preset
	key     []byte
	// added is what the jobs of a repository have got.
	added int

	tolerations additions[corev1.Toleration]
	volumes     additions[corev1.Volume]
	env         additions[corev1.EnvVar]
	mounts      additions[corev1.VolumeMount]
}

type label struct{ key, value string }

func newPresets(all []Preset) *presets {
	p := &presets{all: all, wanted: make([][]label, len(all)), bundles: map[string]*Preset{}}
	for i := range all {
		for key, value := range all[i].Labels {
			p.wanted[i] = append(p.wanted[i], label{key, value})
		}
	}
	p.tolerations.same = func(a, b corev1.Toleration) bool { return equality.Semantic.DeepEqual(a, b) }
	p.volumes.same = func(a, b corev1.Volume) bool { return a.Name == b.Name }
	p.env.same = func(a, b corev1.EnvVar) bool { return a.Name == b.Name }
	p.mounts.same = func(a, b corev1.VolumeMount) bool { return a.Name == b.Name && a.MountPath == b.MountPath }
	return p
}

// bundle is what a job with these labels gets.
func (p *presets) bundle(labels map[string]string) *Preset {
	p.key = p.key[:0]
	for i, wanted := range p.wanted {
		lacks := func(l label) bool { has, ok := labels[l.key]; return !ok || has != l.value }
		if !slices.ContainsFunc(wanted, lacks) {
			p.key = binary.AppendUvarint(p.key, uint64(i))
		}
	}
	known, ok := p.bundles[string(p.key)]
	if ok {
		return known
	}
	bundle := &Preset{}
	for rest := p.key; len(rest) > 0; {
		i, size := binary.Uvarint(rest)
		rest = rest[size:]
		bundle.Tolerations = append(bundle.Tolerations, p.all[i].Tolerations...)
		bundle.Volumes = append(bundle.Volumes, p.all[i].Volumes...)
		bundle.Env = append(bundle.Env, p.all[i].Env...)
		bundle.VolumeMounts = append(bundle.VolumeMounts, p.all[i].VolumeMounts...)
	}
	p.bundles[string(p.key)] = bundle
	return bundle
}

// applyPresets gives a job a pod with what its labels ask for.
func (f *finisher) applyPresets(b *JobBase, kind string) {
	if b.Spec == nil {
		return
	}
	p, more := f.presets, f.presets.bundle(b.Labels)
	if f.limited {
		if p.added += len(more.Volumes) + (len(more.Env)+len(more.VolumeMounts))*len(b.Spec.Containers); p.added > maxAdded {
			f.fail(b, kind, "labels", fmt.Sprintf("presets add more than %d values to the jobs of the repository", maxAdded))
			return
		}
	}
	inPod, inContainers := len(more.Tolerations)+len(more.Volumes), len(more.Env)+len(more.VolumeMounts)
	if inPod+inContainers == 0 {
		return
	}
	spec := *b.Spec
	b.Spec = &spec
	fail := func(format, name string) { f.fail(b, kind, "spec", fmt.Sprintf(format, name)) }
	spec.Tolerations = p.tolerations.add(spec.Tolerations, more.Tolerations, func(t corev1.Toleration) {
		fail("has a toleration that a preset adds too: %s", t.Key)
	})
	spec.Volumes = p.volumes.add(spec.Volumes, more.Volumes, func(v corev1.Volume) {
		fail("has the volume %s, which a preset adds too", v.Name)
	})
	if inContainers == 0 {
		return
	}
	spec.Containers = slices.Clone(spec.Containers)
	for i := range spec.Containers {
		c := &spec.Containers[i]
		c.Env = p.env.add(c.Env, more.Env, func(e corev1.EnvVar) {
			fail("has the environment variable %s, which a preset adds too", e.Name)
		})
		c.VolumeMounts = p.mounts.add(c.VolumeMounts, more.VolumeMounts, func(m corev1.VolumeMount) {
			fail("has a mount of %s, which a preset adds too", m.Name)
		})
	}
}

// additions makes lists longer, the same one once: thousands of jobs have the same lists and presets.
type additions[T any] struct {
	// same reports whether only one of two may be in a list.
	same  func(a, b T) bool
	known map[addition[T]][]T
}

// addition names two lists by where they are.
type addition[T any] struct {
	own, more *T
	count     int
}

// add is own and more in a list of its own. What own has already is a conflict.
func (a *additions[T]) add(own, more []T, conflict func(T)) []T {
	if len(more) == 0 {
		return own
	}
	at := addition[T]{more: &more[0], count: len(own)}
	if len(own) > 0 {
		at.own = &own[0]
	}
	if known, ok := a.known[at]; ok {
		return known
	}
	all, good := append(make([]T, 0, len(own)+len(more)), own...), true
	for _, each := range more {
		if slices.ContainsFunc(all, func(other T) bool { return a.same(other, each) }) {
			conflict(each)
			good = false
			continue
		}
		all = append(all, each)
	}
	if good { // Others shall hear of the conflict too.
		if a.known == nil {
			a.known = map[addition[T]][]T{}
		}
		a.known[at] = all
	}
	return all
}

// checkPresets reports pairs of label and value that two presets have.
func (f *findings) checkPresets(presets []Preset) {
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
