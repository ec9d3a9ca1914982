// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cutwater-ci/cutwater/local/node/fields"
)

// A file is one of a volume.
type file struct {
	data []byte
	mode int32
}

// defaultMode is that of files where nothing else is said.
const defaultMode int32 = 0o644

// files collects those of the volumes that hold the cluster's data, by path.
func (b *Builder) files(ctx context.Context, pod *corev1.Pod, v corev1.VolumeSource) (map[string]file, error) {
	files := map[string]file{}
	switch {
	case v.Secret != nil:
		s, err := b.secret(ctx, pod.Namespace, v.Secret.SecretName, v.Secret.Optional)
		if err != nil || s == nil {
			return files, err
		}
		return files, choose(files, s.Data, v.Secret.Items, modeOf(v.Secret.DefaultMode), v.Secret.Optional)
	case v.ConfigMap != nil:
		c, err := b.configMap(ctx, pod.Namespace, v.ConfigMap.Name, v.ConfigMap.Optional)
		if err != nil || c == nil {
			return files, err
		}
		return files, choose(files, configData(c), v.ConfigMap.Items, modeOf(v.ConfigMap.DefaultMode), v.ConfigMap.Optional)
	case v.DownwardAPI != nil:
		return files, b.downward(files, pod, v.DownwardAPI.Items, modeOf(v.DownwardAPI.DefaultMode))
	case v.Projected != nil:
		for _, source := range v.Projected.Sources {
			if err := b.project(ctx, files, pod, source, modeOf(v.Projected.DefaultMode)); err != nil {
				return nil, err
			}
		}
		return files, nil
	}
	return nil, errors.New("this kind of volume is not supported on a single machine")
}

// project adds one source of a projected volume to files.
func (b *Builder) project(ctx context.Context, files map[string]file, pod *corev1.Pod, v corev1.VolumeProjection, mode int32) error {
	switch {
	case v.Secret != nil:
		s, err := b.secret(ctx, pod.Namespace, v.Secret.Name, v.Secret.Optional)
		if err != nil || s == nil {
			return err
		}
		return choose(files, s.Data, v.Secret.Items, mode, v.Secret.Optional)
	case v.ConfigMap != nil:
		c, err := b.configMap(ctx, pod.Namespace, v.ConfigMap.Name, v.ConfigMap.Optional)
		if err != nil || c == nil {
			return err
		}
		return choose(files, configData(c), v.ConfigMap.Items, mode, v.ConfigMap.Optional)
	case v.DownwardAPI != nil:
		return b.downward(files, pod, v.DownwardAPI.Items, mode)
	case v.ServiceAccountToken != nil:
		token, err := b.token(ctx, pod, v.ServiceAccountToken)
		if err != nil {
			return err
		}
		files[v.ServiceAccountToken.Path] = file{data: []byte(token), mode: mode}
		return nil
	}
	return errors.New("this kind of projected volume is not supported on a single machine")
}

// token asks for one that is bound to pod.
func (b *Builder) token(ctx context.Context, pod *corev1.Pod, v *corev1.ServiceAccountTokenProjection) (string, error) {
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: v.ExpirationSeconds,
		BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID},
	}}
	if v.Audience != "" {
		request.Spec.Audiences = []string{v.Audience}
	}
	account := pod.Spec.ServiceAccountName
	if account == "" {
		account = "default"
	}
	answer, err := b.Client.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(ctx, account, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("asking for a token of service account %s: %w", account, err)
	}
	return answer.Status.Token, nil
}

// downward adds what pod says of itself to files.
func (b *Builder) downward(files map[string]file, pod *corev1.Pod, items []corev1.DownwardAPIVolumeFile, mode int32) error {
	for _, item := range items {
		var value string
		var err error
		switch {
		case item.FieldRef != nil:
			value, err = fields.Field(pod, item.FieldRef.FieldPath)
		case item.ResourceFieldRef != nil:
			value, err = fields.Resource(pod.Spec.Containers, "", item.ResourceFieldRef, b.Machine)
		}
		if err != nil {
			return err
		}
		files[item.Path] = file{data: []byte(value), mode: modeOr(item.Mode, mode)}
	}
	return nil
}

// choose adds to files all of data, or, where there are items, those.
func choose(files map[string]file, data map[string][]byte, items []corev1.KeyToPath, mode int32, optional *bool) error {
	if len(items) == 0 {
		for key, value := range data {
			files[key] = file{data: value, mode: mode}
		}
		return nil
	}
	for _, item := range items {
		value, ok := data[item.Key]
		if !ok && optional != nil && *optional {
			continue
		}
		if !ok {
			return fmt.Errorf("references non-existent key: %s", item.Key)
		}
		files[item.Path] = file{data: value, mode: modeOr(item.Mode, mode)}
	}
	return nil
}

func configData(c *corev1.ConfigMap) map[string][]byte {
	data := map[string][]byte{}
	for key, value := range c.Data {
		data[key] = []byte(value)
	}
	maps.Copy(data, c.BinaryData)
	return data
}

func modeOf(mode *int32) int32 { return modeOr(mode, defaultMode) }

func modeOr(mode *int32, otherwise int32) int32 {
	if mode == nil {
		return otherwise
	}
	return *mode
}

// write makes the directory dir with files, which may not lead out of it.
func write(dir string, files map[string]file, pod *corev1.Pod) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for name, f := range files {
		name = path.Clean(name)
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		if err := root.WriteFile(name, f.data, 0o600); err != nil {
			return err
		}
		mode := fs.FileMode(f.mode) & fs.ModePerm
		if group := fsGroup(pod); group != nil {
			mode |= 0o440
			if err := changeGroup(filepath.Join(dir, name), *group); err != nil {
				return err
			}
		}
		if err := root.Chmod(name, mode); err != nil {
			return err
		}
	}
	return nil
}
