// SPDX-License-Identifier: Apache-2.0

// Package volume makes the volumes of a pod: directories to be mounted into
// its containers.
//
// Starts on: a pod about to run. Changes: the pod's directory on this machine.
// Config: none. In Prow: nothing; kubelet does this there.
package volume

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Error is a volume that could not be made.
type Error struct {
	Volume string
	Err    error
}

func (e *Error) Error() string {
	return fmt.Sprintf("MountVolume.SetUp failed for volume %q : %v", e.Volume, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Builder makes volumes.
type Builder struct {
	// Client reads Secrets and ConfigMaps and asks for tokens.
	Client kubernetes.Interface
	// Machine is what the machine has of each resource.
	Machine corev1.ResourceList
}

// Build makes the volumes of pod in dir, and returns where each is. It may be
// called again after an error.
func (b *Builder) Build(ctx context.Context, pod *corev1.Pod, dir string) (map[string]string, error) {
	paths := map[string]string{}
	for _, v := range pod.Spec.Volumes {
		path, err := b.one(ctx, pod, v, filepath.Join(dir, v.Name))
		if err != nil {
			return nil, &Error{Volume: v.Name, Err: err}
		}
		paths[v.Name] = path
	}
	return paths, nil
}

// one makes the volume v at path, unless it is elsewhere on the machine.
func (b *Builder) one(ctx context.Context, pod *corev1.Pod, v corev1.Volume, path string) (string, error) {
	if v.HostPath != nil {
		return hostPath(v.HostPath)
	}
	if v.EmptyDir != nil || v.VolumeSource == (corev1.VolumeSource{}) {
		return path, emptyDir(path, pod)
	}
	files, err := b.files(ctx, pod, v.VolumeSource)
	if err != nil {
		return "", err
	}
	return path, write(path, files, pod)
}

// emptyDir makes a directory for every container to write to.
func emptyDir(path string, pod *corev1.Pod) error {
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	// Mkdir's mode was cut by the umask.
	mode := fs.FileMode(0o777)
	if group := fsGroup(pod); group != nil {
		mode |= fs.ModeSetgid
		if err := changeGroup(path, *group); err != nil {
			return err
		}
	}
	return os.Chmod(path, mode)
}

// fsGroup is the group that volumes of pod shall belong to, or nil.
func fsGroup(pod *corev1.Pod) *int64 {
	if pod.Spec.SecurityContext == nil {
		return nil
	}
	return pod.Spec.SecurityContext.FSGroup
}

// changeGroup gives path to group. An ordinary user cannot, and need not:
// the containers then run as that user too.
func changeGroup(path string, group int64) error {
	err := os.Lchown(path, -1, int(group))
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
		return nil
	}
	return err
}

// hostPath checks that a path of the machine is what it is said to be, and
// returns it without symbolic links.
func hostPath(source *corev1.HostPathVolumeSource) (string, error) {
	kind := corev1.HostPathUnset
	if source.Type != nil {
		kind = *source.Type
	}
	var err error
	switch kind {
	case corev1.HostPathDirectoryOrCreate:
		err = os.MkdirAll(source.Path, 0o755)
	case corev1.HostPathFileOrCreate:
		var f *os.File
		if f, err = os.OpenFile(source.Path, os.O_CREATE|os.O_RDONLY, 0o644); err == nil {
			err = f.Close()
		}
	default: // what must be there already
	}
	if err != nil {
		return "", fmt.Errorf("hostPath: %w", err)
	}
	info, err := os.Stat(source.Path)
	if err != nil {
		return "", fmt.Errorf("hostPath type check failed: %w", err)
	}
	mode := info.Mode()
	ok := map[corev1.HostPathType]bool{
		corev1.HostPathUnset: true, corev1.HostPathDirectory: mode.IsDir(), corev1.HostPathDirectoryOrCreate: mode.IsDir(),
		corev1.HostPathFile: mode.IsRegular(), corev1.HostPathFileOrCreate: mode.IsRegular(),
		corev1.HostPathSocket: mode&fs.ModeSocket != 0, corev1.HostPathCharDev: mode&fs.ModeCharDevice != 0,
		corev1.HostPathBlockDev: mode&fs.ModeDevice != 0 && mode&fs.ModeCharDevice == 0,
	}
	if !ok[kind] {
		return "", fmt.Errorf("hostPath type check failed: %s is not a %s", source.Path, kind)
	}
	return filepath.EvalSymlinks(source.Path)
}

// secret reads a Secret; a missing one is nil where optional says so.
func (b *Builder) secret(ctx context.Context, namespace, name string, optional *bool) (*corev1.Secret, error) {
	s, err := b.Client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) && optional != nil && *optional {
		return nil, nil
	}
	return s, err
}

// configMap reads a ConfigMap; a missing one is nil where optional says so.
func (b *Builder) configMap(ctx context.Context, namespace, name string, optional *bool) (*corev1.ConfigMap, error) {
	c, err := b.Client.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) && optional != nil && *optional {
		return nil, nil
	}
	return c, err
}
