// SPDX-License-Identifier: Apache-2.0

package decorate_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/decorate"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

func secretVolume(name, secret string) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: secret}}}
}

func secretEnv(name, secret, key string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: secret}, Key: key,
	}}}
}

func secretEnvFrom(secret string) corev1.EnvFromSource {
	return corev1.EnvFromSource{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: secret}}}
}

// secretiveJob has secrets in every way that a job can.
func secretiveJob(censor *bool) *prowv1.ProwJob {
	return newJob(func(spec *prowv1.ProwJobSpec) {
		spec.DecorationConfig.CensorSecrets = censor
		projected := corev1.Volume{Name: "projected", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			Sources: []corev1.VolumeProjection{{Secret: &corev1.SecretProjection{}}, {DownwardAPI: &corev1.DownwardAPIProjection{}}},
		}}}
		harmless := corev1.Volume{Name: "harmless", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			Sources: []corev1.VolumeProjection{{DownwardAPI: &corev1.DownwardAPIProjection{}}},
		}}}
		store := corev1.Volume{Name: "store", VolumeSource: corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{Driver: "secrets-store.csi.k8s.io"}}}
		disk := corev1.Volume{Name: "disk", VolumeSource: corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{Driver: "disk.csi"}}}
		spec.PodSpec.Volumes = []corev1.Volume{
			secretVolume("mounted", "m"), secretVolume("of-init", "i"), secretVolume("unused", "u"), secretVolume("censored-0", "taken"),
			projected, harmless, store, disk,
		}
		spec.PodSpec.InitContainers = []corev1.Container{{
			Name: "prepare", VolumeMounts: []corev1.VolumeMount{{Name: "of-init", MountPath: "/i"}},
			Env: []corev1.EnvVar{secretEnv("I", "init-env", "key")},
		}}
		spec.PodSpec.Containers = []corev1.Container{{
			Name: "test", Command: []string{"x"},
			VolumeMounts: []corev1.VolumeMount{
				{Name: "mounted", MountPath: "/etc/ssl/certs"},
				{Name: "projected", MountPath: "/p"},
				{Name: "harmless", MountPath: "/h"},
				{Name: "store", MountPath: "/s"},
				{Name: "disk", MountPath: "/d"},
			},
			Env:     []corev1.EnvVar{secretEnv("A", "some", "b"), secretEnv("B", "some", "a"), secretEnv("C", "whole", "x"), {Name: "D", Value: "plain"}},
			EnvFrom: []corev1.EnvFromSource{secretEnvFrom("whole"), {ConfigMapRef: &corev1.ConfigMapEnvSource{}}},
		}}
	})
}

func TestCensorAll(t *testing.T) {
	others := []string{"of-init /secrets/job/of-init", "projected /secrets/job/projected", "store /secrets/job/store"}
	environment := []string{"censored-1 /secrets/env/init-env", "censored-2 /secrets/env/some", "censored-3 /secrets/env/whole"}
	logs := []string{"logs /logs"}
	for name, test := range map[string]struct {
		censor *bool
		all    bool
		want   []string
	}{
		"Prow's pod":             {nil, false, logs},
		"Prow's pod when asked":  {new(true), false, slices.Concat(logs, []string{"mounted /etc/ssl/certs"})},
		"not asked":              {nil, true, slices.Concat(logs, []string{"mounted /secrets/job/mounted"}, others, environment)},
		"asked":                  {new(true), true, slices.Concat(logs, []string{"mounted /etc/ssl/certs"}, others, environment)},
		"asked not to":           {new(false), true, logs},
		"Prow's, when asked not": {new(false), false, logs},
	} {
		t.Run(name, func(t *testing.T) {
			sidecar := container(t, pod(t, secretiveJob(test.censor), decorate.Options{CensorAll: test.all}), "sidecar")
			if diff := cmp.Diff(test.want, mountNames(sidecar.VolumeMounts)); diff != "" {
				t.Errorf("mounts of the sidecar (-want +got):\n%s", diff)
			}
			var dirs []string
			for _, mount := range sidecar.VolumeMounts[1:] {
				dirs = append(dirs, mount.MountPath)
			}
			if diff := cmp.Diff(dirs, decode[options.Sidecar](t, sidecar, options.SidecarEnv).CensoringOptions.SecretDirectories); diff != "" {
				t.Errorf("folders with secrets (-want +got):\n%s", diff)
			}
		})
	}
}

// The volumes for the environment hold the keys that are used, and never keep a pod from starting.
func TestVolumesOfTheEnvironment(t *testing.T) {
	var got []corev1.Volume
	for _, volume := range pod(t, secretiveJob(nil), decorate.Options{CensorAll: true}).Spec.Volumes {
		if volume.Secret != nil && volume.Secret.Optional != nil {
			got = append(got, volume)
		}
	}
	volume := func(name, secret string, keys ...string) corev1.Volume {
		v := secretVolume(name, secret)
		v.Secret.Optional = new(true)
		for _, key := range keys {
			v.Secret.Items = append(v.Secret.Items, corev1.KeyToPath{Key: key, Path: key})
		}
		return v
	}
	want := []corev1.Volume{volume("censored-1", "init-env", "key"), volume("censored-2", "some", "a", "b"), volume("censored-3", "whole")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("volumes (-want +got):\n%s", diff)
	}
}
