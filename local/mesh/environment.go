// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// environment is what the container sees: its variables with references
// resolved, what a SinkBinding injects, and the identity of its service
// account. There is no mount namespace here, so a path below a mounted
// ConfigMap or Secret becomes the path of the folder that stands for it.
func (m *Mesh) environment(namespace, name string, pod corev1.PodSpec) (map[string]string, error) {
	mounts, err := m.mounts(pod)
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	var errs []error
	for _, variable := range pod.Containers[0].Env {
		value, err := m.value(namespace, name, variable)
		if err != nil {
			errs = append(errs, fmt.Errorf("environment variable %s: %w", variable.Name, err))
			continue
		}
		env[variable.Name] = mounts.resolve(value)
	}
	if sink, err := m.sinkOf(namespace, name); err != nil {
		errs = append(errs, err)
	} else if sink != "" {
		env["K_SINK"] = sink
	}
	if m.opts.Kubeconfig != nil && m.hasToken(namespace, pod.ServiceAccountName) {
		if env["KUBECONFIG"], err = m.opts.Kubeconfig(namespace, pod.ServiceAccountName); err != nil {
			errs = append(errs, err)
		}
	}
	env["K_SERVICE"] = name
	env["POD_NAMESPACE"] = namespace
	maps.Copy(env, m.opts.Env[name])
	return env, errors.Join(errs...)
}

// value resolves one variable.
func (m *Mesh) value(namespace, name string, variable corev1.EnvVar) (string, error) {
	from := variable.ValueFrom
	switch {
	case from == nil:
		return variable.Value, nil
	case from.ConfigMapKeyRef != nil:
		return m.configMapValue(namespace, from.ConfigMapKeyRef.Name, from.ConfigMapKeyRef.Key)
	case from.FieldRef != nil && from.FieldRef.FieldPath == "metadata.namespace":
		return namespace, nil
	case from.FieldRef != nil && from.FieldRef.FieldPath == "metadata.name":
		return name + "-0", nil // the one replica, which keeps its name when it is started again
	default:
		return "", errors.New("only values, keys of ConfigMaps, metadata.name and metadata.namespace are understood")
	}
}

func (m *Mesh) configMapValue(namespace, name, key string) (string, error) {
	if value, ok := m.opts.Values[name+"/"+key]; ok {
		return value, nil
	}
	for _, cm := range m.opts.Manifests.ConfigMaps {
		if cm.Namespace == namespace && cm.Name == name {
			if value, ok := cm.Data[key]; ok {
				return value, nil
			}
		}
	}
	return "", fmt.Errorf("no key %q in ConfigMap %s", key, name)
}

// hasToken reports whether pods of the service account get its token.
func (m *Mesh) hasToken(namespace, name string) bool {
	for _, sa := range m.opts.Manifests.ServiceAccounts {
		if sa.Namespace == namespace && sa.Name == name {
			return sa.AutomountServiceAccountToken == nil || *sa.AutomountServiceAccountToken
		}
	}
	return false
}

// mounts maps mount paths to folders of this machine.
type mounts map[string]string

func (m *Mesh) mounts(pod corev1.PodSpec) (mounts, error) {
	folders := map[string]string{}
	for _, volume := range pod.Volumes {
		var source string
		optional := false
		switch {
		case volume.ConfigMap != nil:
			source = "configmap/" + volume.ConfigMap.Name
		case volume.Secret != nil:
			source = "secret/" + volume.Secret.SecretName
			optional = volume.Secret.Optional != nil && *volume.Secret.Optional
		case volume.EmptyDir != nil:
			continue // the machine's own folders serve as well
		default:
			return nil, fmt.Errorf("volume %s: only ConfigMaps, Secrets and emptyDirs are understood", volume.Name)
		}
		folder, ok := m.opts.Files[source]
		if !ok && optional {
			continue
		}
		if !ok {
			return nil, fmt.Errorf("volume %s: there is no folder for %s", volume.Name, source)
		}
		folders[volume.Name] = folder
	}
	found := mounts{}
	for _, mount := range pod.Containers[0].VolumeMounts {
		if folder, ok := folders[mount.Name]; ok {
			found[mount.MountPath] = folder
		}
	}
	return found, nil
}

// resolve maps a path below a mount to this machine; other values stay.
func (ms mounts) resolve(value string) string {
	for path, folder := range ms {
		if value == path {
			return folder
		}
		if below, ok := strings.CutPrefix(value, path+"/"); ok {
			return filepath.Join(folder, below)
		}
	}
	return value
}
