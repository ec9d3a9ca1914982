// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cutwater-ci/cutwater/local/node/fields"
)

// variables is an environment under construction: a later value of a name
// replaces an earlier one, in its place.
type variables struct {
	names  []string
	values map[string]string
}

func (v *variables) set(name, value string) {
	if v.values == nil {
		v.values = map[string]string{}
	}
	if _, ok := v.values[name]; !ok {
		v.names = append(v.names, name)
	}
	v.values[name] = value
}

// setAll sets from lines of the form NAME=value.
func (v *variables) setAll(lines []string) {
	for _, line := range lines {
		if name, value, ok := strings.Cut(line, "="); ok {
			v.set(name, value)
		}
	}
}

func (v *variables) list() []string {
	out := make([]string, 0, len(v.names))
	for _, name := range v.names {
		out = append(out, name+"="+v.values[name])
	}
	return out
}

// expand replaces each $(NAME) that is in values; $$ is a dollar sign.
func expand(s string, values map[string]string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '$' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		switch s[i+1] {
		case '$':
			b.WriteByte('$')
			i++
			continue
		case '(':
			if end := strings.IndexByte(s[i:], ')'); end > 0 {
				if value, ok := values[s[i+2:i+end]]; ok {
					b.WriteString(value)
				} else {
					b.WriteString(s[i : i+end+1])
				}
				i += end
				continue
			}
		}
		b.WriteByte('$')
	}
	return b.String()
}

// podVariables is the environment that pod gives its container c.
func (n *Node) podVariables(ctx context.Context, pod *corev1.Pod, c *corev1.Container) (*variables, error) {
	v := &variables{}
	v.set("HOSTNAME", pod.Name)
	for name, value := range n.serviceVariables(c) {
		v.set(name, value)
	}
	sources := &envSources{node: n, pod: pod}
	for _, from := range c.EnvFrom {
		data, err := sources.all(ctx, from)
		if err != nil {
			return nil, err
		}
		for _, key := range slices.Sorted(maps.Keys(data)) {
			v.set(from.Prefix+key, data[key])
		}
	}
	for _, e := range c.Env {
		if e.ValueFrom == nil {
			v.set(e.Name, expand(e.Value, v.values))
			continue
		}
		value, ok, err := sources.one(ctx, c, e.ValueFrom)
		if err != nil {
			return nil, err
		}
		if ok {
			v.set(e.Name, value)
		}
	}
	return v, nil
}

// serviceAccountDir is where a pod's own credentials are mounted.
const serviceAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount"

// serviceVariables tells a container that has credentials where the API
// server is.
func (n *Node) serviceVariables(c *corev1.Container) map[string]string {
	if !slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == serviceAccountDir }) {
		return nil
	}
	host := n.opts.Config.Host
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	u, err := url.Parse(host)
	if err != nil {
		return nil
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return map[string]string{"KUBERNETES_SERVICE_HOST": u.Hostname(), "KUBERNETES_SERVICE_PORT": port}
}

// envSources reads what a pod's environment refers to.
type envSources struct {
	node *Node
	pod  *corev1.Pod
}

// all is the data of one envFrom entry.
func (s *envSources) all(ctx context.Context, from corev1.EnvFromSource) (map[string]string, error) {
	switch {
	case from.ConfigMapRef != nil:
		return s.configMap(ctx, from.ConfigMapRef.Name, from.ConfigMapRef.Optional)
	case from.SecretRef != nil:
		return s.secret(ctx, from.SecretRef.Name, from.SecretRef.Optional)
	}
	return nil, nil
}

// one is the value that from refers to; ok is false where it is missing and
// may be.
func (s *envSources) one(ctx context.Context, c *corev1.Container, from *corev1.EnvVarSource) (value string, ok bool, err error) {
	switch {
	case from.FieldRef != nil:
		value, err = fields.Field(s.pod, from.FieldRef.FieldPath)
		return value, true, err
	case from.ResourceFieldRef != nil:
		containers := slices.Concat(s.pod.Spec.Containers, s.pod.Spec.InitContainers)
		value, err = fields.Resource(containers, c.Name, from.ResourceFieldRef, s.node.capacity)
		return value, true, err
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		data, err := s.configMap(ctx, ref.Name, ref.Optional)
		return s.key(data, err, ref.Key, "ConfigMap", ref.Name, ref.Optional)
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		data, err := s.secret(ctx, ref.Name, ref.Optional)
		return s.key(data, err, ref.Key, "Secret", ref.Name, ref.Optional)
	}
	return "", false, errors.New("unsupported source of an environment variable")
}

func (s *envSources) key(data map[string]string, err error, key, kind, name string, optional *bool) (string, bool, error) {
	if err != nil {
		return "", false, err
	}
	value, ok := data[key]
	if !ok && (optional == nil || !*optional) {
		return "", false, fmt.Errorf("couldn't find key %s in %s %s/%s", key, kind, s.pod.Namespace, name)
	}
	return value, ok, nil
}

func (s *envSources) secret(ctx context.Context, name string, optional *bool) (map[string]string, error) {
	got, err := s.node.client.CoreV1().Secrets(s.pod.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, missing(err, "secret", name, optional)
	}
	data := make(map[string]string, len(got.Data))
	for key, value := range got.Data {
		data[key] = string(value)
	}
	return data, nil
}

func (s *envSources) configMap(ctx context.Context, name string, optional *bool) (map[string]string, error) {
	got, err := s.node.client.CoreV1().ConfigMaps(s.pod.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, missing(err, "configmap", name, optional)
	}
	return got.Data, nil
}

// missing is nil where err says that something optional is not there.
func missing(err error, kind, name string, optional *bool) error {
	if !apierrors.IsNotFound(err) {
		return err
	}
	if optional != nil && *optional {
		return nil
	}
	return fmt.Errorf("%s %q not found", kind, name)
}
