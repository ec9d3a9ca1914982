// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// program is what runs in a pod of the installation.
type program struct {
	name    string
	pod     corev1.PodSpec
	account string
}

// programs are those of deploy/, as they are in the cluster.
func (p *patient) programs() []program {
	var found []program
	for _, want := range p.want.Functions {
		if f := byName(p.functions.Items, want.Name); f != nil {
			found = append(found, program{f.Name, f.Spec.Template.Spec.PodSpec, f.Spec.Template.Spec.ServiceAccountName})
		}
	}
	for _, want := range p.want.Deployments {
		if d := byName(p.deployments.Items, want.Name); d != nil {
			found = append(found, program{d.Name, d.Spec.Template.Spec, d.Spec.Template.Spec.ServiceAccountName})
		}
	}
	return found
}

// reading is the program that reads all of the variables; nil when none does.
func (p *patient) reading(variables ...string) *program {
	for _, each := range p.programs() {
		if !slices.ContainsFunc(variables, func(v string) bool { return !each.has(v) }) {
			return &each
		}
	}
	return nil
}

func (pr program) has(variable string) bool {
	return slices.ContainsFunc(pr.variables(), func(v corev1.EnvVar) bool { return v.Name == variable })
}

// variables are those of the one container.
func (pr program) variables() []corev1.EnvVar {
	if len(pr.pod.Containers) == 0 {
		return nil
	}
	return pr.pod.Containers[0].Env
}

// environment is what the program reads, ConfigMaps looked up. What comes from
// elsewhere is not in it.
func (p *patient) environment(pr program) map[string]string {
	env := map[string]string{}
	for _, v := range pr.variables() {
		switch from := v.ValueFrom; {
		case from == nil:
			env[v.Name] = v.Value
		case from.ConfigMapKeyRef != nil:
			if cm := byName(p.configMaps.Items, from.ConfigMapKeyRef.Name); cm != nil {
				env[v.Name] = cm.Data[from.ConfigMapKeyRef.Key]
			}
		}
	}
	return env
}

// place is where a file in a pod comes from: a key of a secret or a ConfigMap.
type place struct{ secret, configMap, key string }

// placeOf finds where the file comes from.
func (pr program) placeOf(path string) (place, error) {
	if len(pr.pod.Containers) == 0 {
		return place{}, fmt.Errorf("%s has no container", pr.name)
	}
	for _, mount := range pr.pod.Containers[0].VolumeMounts {
		below, inside := strings.CutPrefix(path, strings.TrimSuffix(mount.MountPath, "/")+"/")
		if path == mount.MountPath {
			below, inside = "", true
		}
		if !inside {
			continue
		}
		for _, volume := range pr.pod.Volumes {
			switch {
			case volume.Name != mount.Name:
			case volume.Secret != nil:
				return place{secret: volume.Secret.SecretName, key: keyOf(volume.Secret.Items, below)}, nil
			case volume.ConfigMap != nil:
				return place{configMap: volume.ConfigMap.Name, key: keyOf(volume.ConfigMap.Items, below)}, nil
			}
		}
	}
	return place{}, fmt.Errorf("nothing is mounted at %s in %s", path, pr.name)
}

// keyOf is the key that becomes a file of a volume.
func keyOf(items []corev1.KeyToPath, path string) string {
	for _, item := range items {
		if item.Path == path {
			return item.Key
		}
	}
	return path
}

// credentials puts the secret that a variable's path leads to into a file. Where
// it is not known, or not of the right shape, unread says so.
func (p *patient) credentials(pr program, variable, path string) (file, unread string) {
	at, err := pr.placeOf(path)
	secret := byName(p.secrets.Items, at.secret)
	if err != nil || secret == nil || secret.Data[at.key] == nil {
		return "", "the credentials of the pods, at " + path + ", are not known"
	}
	for _, kind := range secretFiles() {
		if kind.variable == variable && kind.wrong(secret.Data[at.key]) != nil {
			return "", "the credentials of the pods, at " + path + ", are not what they must be"
		}
	}
	file, err = p.keep(secret.Data[at.key], variable)
	if err != nil {
		return "", err.Error()
	}
	return file, ""
}

// identities are the identities in the cloud that the programs' service accounts stand for.
func (p *patient) identities(reading string) []string {
	named := map[string]bool{}
	for _, pr := range p.programs() {
		account := byName(p.accounts.Items, pr.account)
		if account == nil || !pr.has(reading) {
			continue
		}
		for _, annotation := range []string{"iam.gke.io/gcp-service-account", "eks.amazonaws.com/role-arn"} {
			if id := account.Annotations[annotation]; id != "" {
				named[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(named))
}
