// SPDX-License-Identifier: Apache-2.0

package makejob

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Kind is a kind of object that pods take files and variables from.
type Kind string

// The kinds.
const (
	Secret    Kind = "secret"
	ConfigMap Kind = "config map"
)

// Need is an object, or a key of one, that something of a job needs.
type Need struct {
	Kind Kind
	Name string
	// Key is the one that must be there; empty is any.
	Key string
	// For is what needs it, in words.
	For string
}

// Needs are what a job's pod cannot start without, in the order of its spec.
func Needs(pod *corev1.PodSpec) []Need {
	if pod == nil {
		return nil
	}
	var n needs
	for _, v := range pod.Volumes {
		n.volume(v)
	}
	for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
		n.container(c)
	}
	return n
}

// Credentials are the secrets that a job's decoration clones with. Without them
// what is public can be cloned.
func Credentials(d *prowv1.DecorationConfig) []Need {
	if d == nil {
		return nil
	}
	var n needs
	for _, name := range d.SSHKeySecrets {
		n.add(Secret, name, "", "decoration_config.ssh_key_secrets", nil)
	}
	if s := d.OauthTokenSecret; s != nil {
		n.add(Secret, s.Name, s.Key, "decoration_config.oauth_token_secret", nil)
	}
	if s := d.GitHubAppPrivateKeySecret; s != nil {
		n.add(Secret, s.Name, s.Key, "decoration_config.github_app_private_key_secret", nil)
	}
	if s := d.CookiefileSecret; s != nil {
		name, key, named := strings.Cut(*s, "/")
		if !named {
			key = name
		}
		n.add(Secret, name, key, "decoration_config.cookiefile_secret", nil)
	}
	return n
}

// needs are needs in the making.
type needs []Need

// add adds a need, unless the pod starts without it as well.
func (n *needs) add(kind Kind, name, key, of string, optional *bool) {
	if name != "" && (optional == nil || !*optional) {
		*n = append(*n, Need{Kind: kind, Name: name, Key: key, For: of})
	}
}

// files adds the keys that become files.
func (n *needs) files(kind Kind, name string, items []corev1.KeyToPath, of string, optional *bool) {
	if len(items) == 0 {
		n.add(kind, name, "", of, optional)
	}
	for _, item := range items {
		n.add(kind, name, item.Key, of, optional)
	}
}

func (n *needs) volume(v corev1.Volume) {
	of := "the volume " + v.Name
	if s := v.Secret; s != nil {
		n.files(Secret, s.SecretName, s.Items, of, s.Optional)
	}
	if m := v.ConfigMap; m != nil {
		n.files(ConfigMap, m.Name, m.Items, of, m.Optional)
	}
	if v.Projected == nil {
		return
	}
	for _, source := range v.Projected.Sources {
		if s := source.Secret; s != nil {
			n.files(Secret, s.Name, s.Items, of, s.Optional)
		}
		if m := source.ConfigMap; m != nil {
			n.files(ConfigMap, m.Name, m.Items, of, m.Optional)
		}
	}
}

func (n *needs) container(c corev1.Container) {
	in := " of the container " + cmp.Or(c.Name, "test") // as decoration names it
	for _, from := range c.EnvFrom {
		if ref := from.SecretRef; ref != nil {
			n.add(Secret, ref.Name, "", "envFrom"+in, ref.Optional)
		}
		if ref := from.ConfigMapRef; ref != nil {
			n.add(ConfigMap, ref.Name, "", "envFrom"+in, ref.Optional)
		}
	}
	for _, env := range c.Env {
		if env.ValueFrom == nil {
			continue
		}
		if ref := env.ValueFrom.SecretKeyRef; ref != nil {
			n.add(Secret, ref.Name, ref.Key, "the variable "+env.Name+in, ref.Optional)
		}
		if ref := env.ValueFrom.ConfigMapKeyRef; ref != nil {
			n.add(ConfigMap, ref.Name, ref.Key, "the variable "+env.Name+in, ref.Optional)
		}
	}
}
