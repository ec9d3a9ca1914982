// SPDX-License-Identifier: Apache-2.0

package decorate

import (
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// storage is a volume and where it is mounted.
type storage struct {
	volume corev1.Volume
	mount  corev1.VolumeMount
}

// The folders that the containers of a pod share.
const (
	logsPath      = "/logs"
	artifactsPath = logsPath + "/artifacts"
	cloneLogPath  = logsPath + "/clone.json"
	toolsPath     = "/tools"
	codePath      = "/home/prow/go"
	outputPath    = "/output"
)

// credentialsKey is the file in a storage credentials secret.
const credentialsKey = "service-account.json"

func emptyDir(name, mountPath string) storage {
	return storage{
		volume: corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
		mount:  corev1.VolumeMount{Name: name, MountPath: mountPath},
	}
}

func hostDir(name, dir, mountPath string) storage {
	return storage{
		volume: corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: dir}}},
		mount:  corev1.VolumeMount{Name: name, MountPath: mountPath},
	}
}

func secretDir(name, mountPath string, secret corev1.SecretVolumeSource, readOnly bool) storage {
	return storage{
		volume: corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Secret: &secret}},
		mount:  corev1.VolumeMount{Name: name, MountPath: mountPath, ReadOnly: readOnly},
	}
}

// secretKey mounts one key of a secret, in a volume with the secret's name, and
// returns the file's path too.
func secretKey(secret, key, mountPath string) (storage, string) {
	source := corev1.SecretVolumeSource{
		SecretName: secret,
		Items:      []corev1.KeyToPath{{Key: key, Path: "./" + key}},
	}
	return secretDir(secret, mountPath, source, true), path.Join(mountPath, key)
}

func sshKeys(secret string) storage {
	// ssh refuses keys that others may read.
	source := corev1.SecretVolumeSource{SecretName: secret, DefaultMode: new(int32(0o400))}
	return secretDir("ssh-keys-"+secret, path.Join("/secrets/ssh", secret), source, true)
}

// cookieFile mounts "secret/key" or "secret", whose key then has the secret's
// name, and returns the file's path too.
func cookieFile(secretAndKey string) (storage, string) {
	secret, key, ok := strings.Cut(secretAndKey, "/")
	if !ok {
		key = secret
	}
	source := corev1.SecretVolumeSource{SecretName: secret, DefaultMode: new(int32(0o400))}
	cookies := secretDir("cookiefile", "/secrets/cookiefile", source, true)
	return cookies, path.Join(cookies.mount.MountPath, key)
}

func volumes(of []storage) []corev1.Volume {
	all := make([]corev1.Volume, 0, len(of))
	for _, s := range of {
		all = append(all, s.volume)
	}
	return all
}

func mounts(of []storage) []corev1.VolumeMount {
	all := make([]corev1.VolumeMount, 0, len(of))
	for _, s := range of {
		all = append(all, s.mount)
	}
	return all
}
