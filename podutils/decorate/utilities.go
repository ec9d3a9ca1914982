// SPDX-License-Identifier: Apache-2.0

package decorate

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/options"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// Names of the utilities' containers.
const (
	cloneRefsName       = "clonerefs"
	initUploadName      = "initupload"
	placeEntrypointName = "place-entrypoint"
	sidecarName         = "sidecar"
)

// UtilityContainers are the names that a job's own containers may not have.
func UtilityContainers() []string {
	return []string{cloneRefsName, initUploadName, placeEntrypointName, sidecarName}
}

// pod is a pod in the making.
type pod struct {
	config *prowv1.DecorationConfig
	// jobSpec is JOB_SPEC, as text.
	jobSpec string
	// refs are cloned; none when cloning is skipped.
	refs []prowv1.Refs
	// upload says where results go, and bucket holds the credentials for it.
	upload options.Upload
	bucket []storage
	// output is for results that stay on the machine.
	output []storage
	logs   storage
	tools  storage
	code   storage
	// censored holds secrets that only the sidecar mounts, to know them.
	censored []storage
}

// cloneRefs is the container that clones, with the secrets that it mounts.
func (p *pod) cloneRefs() (corev1.Container, []storage, error) {
	config := p.config
	opt := options.Clone{
		SrcRoot:            codePath,
		Log:                cloneLogPath,
		GitUserName:        options.DefaultGitUserName,
		GitUserEmail:       options.DefaultGitUserEmail,
		Refs:               p.refs,
		HostFingerprints:   config.SSHHostFingerprints,
		GitHubAPIEndpoints: config.GitHubAPIEndpoints,
		GitHubAppID:        config.GitHubAppID,
	}
	if len(opt.GitHubAPIEndpoints) == 0 {
		opt.GitHubAPIEndpoints = []string{options.DefaultGitHubAPI}
	}
	var own []storage
	for _, secret := range config.SSHKeySecrets {
		keys := sshKeys(secret)
		own = append(own, keys)
		opt.KeyFiles = append(opt.KeyFiles, keys.mount.MountPath)
	}
	if secret := config.OauthTokenSecret; secret != nil {
		token, file := secretKey(secret.Name, secret.Key, "/secrets/oauth")
		own = append(own, token)
		opt.OauthTokenFile = file
	}
	if secret := config.GitHubAppPrivateKeySecret; secret != nil {
		key, file := secretKey(secret.Name, secret.Key, "/secrets/github-app")
		own = append(own, key)
		opt.GitHubAppPrivateKeyFile = file
	}
	own = append(own, emptyDir("clonerefs-tmp", "/tmp"))
	var args []string
	if secret := config.CookiefileSecret; secret != nil && *secret != "" {
		cookies, file := cookieFile(*secret)
		own = append(own, cookies)
		opt.CookiePath = file
		args = []string{"--cookiefile=" + file}
	}
	text, err := encode(cloneRefsName, opt)
	if err != nil {
		return corev1.Container{}, nil, err
	}
	container := corev1.Container{
		Name:         cloneRefsName,
		Image:        config.UtilityImages.CloneRefs,
		Args:         args,
		Env:          envVars(map[string]string{options.CloneEnv: text}),
		VolumeMounts: append(mounts([]storage{p.logs, p.code}), mounts(own)...),
	}
	if config.Resources != nil {
		container.Resources = resources(config.Resources.CloneRefs)
	}
	return container, own, nil
}

func (p *pod) initUpload() (corev1.Container, error) {
	opt := options.InitUpload{Upload: p.upload}
	var mounted []storage
	if len(p.refs) > 0 {
		opt.Log = cloneLogPath
		mounted = append(mounted, p.logs)
	}
	mounted = append(append(mounted, p.bucket...), p.output...)
	text, err := encode(initUploadName, opt)
	if err != nil {
		return corev1.Container{}, err
	}
	container := corev1.Container{
		Name:         initUploadName,
		Image:        p.config.UtilityImages.InitUpload,
		Env:          envVars(map[string]string{jobspec.EnvName: p.jobSpec, options.InitUploadEnv: text}),
		VolumeMounts: mounts(mounted),
	}
	if p.config.Resources != nil {
		container.Resources = resources(p.config.Resources.InitUpload)
	}
	return container, nil
}

func (p *pod) placeEntrypoint() corev1.Container {
	container := corev1.Container{
		Name:         placeEntrypointName,
		Image:        p.config.UtilityImages.Entrypoint,
		Args:         []string{"--copy-mode-only"},
		VolumeMounts: mounts([]storage{p.tools}),
	}
	if p.config.Resources != nil {
		container.Resources = resources(p.config.Resources.PlaceEntrypoint)
	}
	return container
}

// wrap makes entrypoint run the container's command.
func (p *pod) wrap(container *corev1.Container, only bool) (wrapper.Options, error) {
	log, marker, metadata := "process-log.txt", "marker-file.txt", "metadata.json"
	if !only {
		log = container.Name + "-log.txt"
		marker = container.Name + "-marker.txt"
		metadata = container.Name + "-metadata.json"
	}
	wrapped := wrapper.Options{
		Args:          append(container.Command, container.Args...),
		ContainerName: container.Name,
		ProcessLog:    logsPath + "/" + log,
		MarkerFile:    logsPath + "/" + marker,
		MetadataFile:  artifactsPath + "/" + metadata,
	}
	text, err := encode("entrypoint", wrapper.Entrypoint{
		Timeout:     p.config.Timeout.Get(),
		GracePeriod: p.config.GracePeriod.Get(),
		ArtifactDir: artifactsPath,
		Options:     wrapped,
	})
	if err != nil {
		return wrapper.Options{}, err
	}
	container.Command = []string{toolsPath + "/entrypoint"}
	container.Args = nil
	container.Env = append(container.Env, corev1.EnvVar{Name: wrapper.EntrypointEnv, Value: text})
	container.VolumeMounts = append(container.VolumeMounts, p.logs.mount, p.tools.mount)
	if len(p.refs) > 0 {
		container.WorkingDir = p.workDir()
		container.VolumeMounts = append(container.VolumeMounts, p.code.mount)
	}
	return wrapped, nil
}

// workDir is where the first refs that ask for it are cloned to, else the first.
func (p *pod) workDir() string {
	for i := range p.refs {
		if p.refs[i].WorkDir {
			return layout.ClonePath(codePath, p.refs[i])
		}
	}
	return layout.ClonePath(codePath, p.refs[0])
}

// sidecar is the container that uploads; secrets are the mounts to censor.
func (p *pod) sidecar(entries []wrapper.Options, secrets []corev1.VolumeMount) (corev1.Container, error) {
	upload := p.upload
	upload.Items = []string{artifactsPath}
	censoring := &options.Censoring{}
	for _, secret := range secrets {
		censoring.SecretDirectories = append(censoring.SecretDirectories, secret.MountPath)
	}
	if c := p.config.CensoringOptions; c != nil {
		censoring.CensoringConcurrency = c.CensoringConcurrency
		censoring.CensoringBufferSize = c.CensoringBufferSize
		censoring.IncludeDirectories = c.IncludeDirectories
		censoring.ExcludeDirectories = c.ExcludeDirectories
		censoring.MinimumSecretLength = c.MinimumSecretLength
		censoring.TokenShapes = c.TokenShapes
	}
	text, err := encode(sidecarName, options.Sidecar{
		GCSOptions:       &upload,
		Entries:          entries,
		IgnoreInterrupts: isTrue(p.config.UploadIgnoresInterrupts),
		CensoringOptions: censoring,
	})
	if err != nil {
		return corev1.Container{}, err
	}
	mounted := append(mounts([]storage{p.logs}), mounts(p.bucket)...)
	mounted = append(append(mounted, secrets...), mounts(p.output)...)
	container := corev1.Container{
		Name:         sidecarName,
		Image:        p.config.UtilityImages.Sidecar,
		Env:          envVars(map[string]string{jobspec.EnvName: p.jobSpec, options.SidecarEnv: text}),
		VolumeMounts: mounted,
	}
	if p.config.Resources != nil {
		container.Resources = resources(p.config.Resources.Sidecar)
	}
	return container, nil
}

func resources(r *corev1.ResourceRequirements) corev1.ResourceRequirements {
	if r == nil {
		return corev1.ResourceRequirements{}
	}
	return *r.DeepCopy()
}

func encode(utility string, opt any) (string, error) {
	data, err := json.Marshal(opt)
	if err != nil {
		return "", fmt.Errorf("writing options of %s: %w", utility, err)
	}
	return string(data), nil
}
