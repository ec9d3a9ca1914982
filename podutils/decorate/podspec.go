// SPDX-License-Identifier: Apache-2.0

package decorate

import (
	"errors"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/options"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// decorate adds the pod utilities to spec.
func decorate(spec *corev1.PodSpec, pj *prowv1.ProwJob, env map[string]string, opt Options) error {
	if pj.Spec.DecorationConfig.UtilityImages == nil {
		return errors.New("decoration_config names no utility_images")
	}
	p := newPod(pj, env, opt.OutputDir)
	cloneStorage, err := p.addInitContainers(spec)
	if err != nil {
		return err
	}
	secrets := p.findSecrets(spec, opt.CensorAll)
	env["ARTIFACTS"] = artifactsPath
	env["GOPATH"] = codePath
	addEnv(spec.Containers, env)
	var entries []wrapper.Options
	only := len(spec.Containers) == 1
	for i := range spec.Containers {
		entry, err := p.wrap(&spec.Containers[i], only)
		if err != nil {
			return err
		}
		entries = append(entries, entry)
	}
	setMemory(spec.Containers, p.config)
	sidecar, err := p.sidecar(entries, secrets)
	if err != nil {
		return err
	}
	spec.Containers = append(spec.Containers, sidecar)
	spec.Volumes = append(spec.Volumes, volumes(slices.Concat([]storage{p.logs, p.tools}, p.bucket, p.output, cloneStorage, p.censored))...)
	setDefaults(spec, p.config)
	return nil
}

func newPod(pj *prowv1.ProwJob, env map[string]string, outputDir string) *pod {
	p := &pod{
		config:  pj.Spec.DecorationConfig,
		jobSpec: env[jobspec.EnvName],
		upload:  options.Upload{GCSConfiguration: pj.Spec.DecorationConfig.GCSConfiguration},
		logs:    emptyDir("logs", logsPath),
		tools:   emptyDir("tools", toolsPath),
		code:    emptyDir("code", codePath),
	}
	if !isTrue(p.config.SkipCloning) {
		if pj.Spec.Refs != nil {
			p.refs = append(p.refs, *pj.Spec.Refs)
		}
		p.refs = append(p.refs, pj.Spec.ExtraRefs...)
	}
	if outputDir != "" {
		local := prowv1.GCSConfiguration{}
		if p.upload.GCSConfiguration != nil {
			local = *p.upload.GCSConfiguration
		}
		local.LocalOutputDir = outputPath
		p.upload.GCSConfiguration = &local
		p.output = []storage{hostDir("output", outputDir, outputPath)}
		return p
	}
	if secret := p.config.GCSCredentialsSecret; secret != nil && *secret != "" {
		credentials := secretDir("gcs-credentials", "/secrets/gcs", corev1.SecretVolumeSource{SecretName: *secret}, false)
		p.bucket = append(p.bucket, credentials)
		p.upload.GCSCredentialsFile = credentials.mount.MountPath + "/" + credentialsKey
	}
	if secret := p.config.S3CredentialsSecret; secret != nil && *secret != "" {
		credentials := secretDir("s3-credentials", "/secrets/s3-storage", corev1.SecretVolumeSource{SecretName: *secret}, false)
		p.bucket = append(p.bucket, credentials)
		p.upload.S3CredentialsFile = credentials.mount.MountPath + "/" + credentialsKey
	}
	return p
}

// addInitContainers puts clonerefs before and the others after those of the
// job, and returns what only cloning needs.
func (p *pod) addInitContainers(spec *corev1.PodSpec) ([]storage, error) {
	var own []storage
	if len(p.refs) > 0 {
		cloneRefs, secrets, err := p.cloneRefs()
		if err != nil {
			return nil, err
		}
		own = append(secrets, p.code)
		spec.InitContainers = append([]corev1.Container{cloneRefs}, spec.InitContainers...)
	}
	initUpload, err := p.initUpload()
	if err != nil {
		return nil, err
	}
	spec.InitContainers = append(spec.InitContainers, initUpload, p.placeEntrypoint())
	return own, nil
}

// setMemory gives containers a memory request and, where asked for, the limit
// that keeps them to it.
func setMemory(containers []corev1.Container, config *prowv1.DecorationConfig) {
	for i := range containers {
		r := &containers[i].Resources
		request, ok := r.Requests[corev1.ResourceMemory]
		if !ok && config.DefaultMemoryRequest != nil {
			if r.Requests == nil {
				r.Requests = corev1.ResourceList{}
			}
			request, ok = config.DefaultMemoryRequest.DeepCopy(), true
			r.Requests[corev1.ResourceMemory] = request
		}
		if ok && isTrue(config.SetLimitEqualsMemoryRequest) {
			if r.Limits == nil {
				r.Limits = corev1.ResourceList{}
			}
			r.Limits[corev1.ResourceMemory] = request
		}
	}
}

// setDefaults sets what the job itself left open.
func setDefaults(spec *corev1.PodSpec, config *prowv1.DecorationConfig) {
	if spec.SecurityContext == nil {
		spec.SecurityContext = &corev1.PodSecurityContext{}
	}
	security := spec.SecurityContext
	security.RunAsUser = either(security.RunAsUser, config.RunAsUser)
	security.RunAsGroup = either(security.RunAsGroup, config.RunAsGroup)
	security.FSGroup = either(security.FSGroup, config.FsGroup)
	if scheduling := config.SchedulingOptions.DeepCopy(); scheduling != nil {
		spec.Affinity = either(spec.Affinity, scheduling.Affinity)
		if spec.Tolerations == nil {
			spec.Tolerations = scheduling.Tolerations
		}
	}
	if spec.TerminationGracePeriodSeconds == nil && config.GracePeriod != nil {
		// A fifth of the pod's time to end is for the upload.
		spec.TerminationGracePeriodSeconds = new(int64(config.GracePeriod.Seconds()) * 5 / 4)
	}
	if account := config.DefaultServiceAccountName; spec.ServiceAccountName == "" && account != nil {
		spec.ServiceAccountName = *account
	}
}

func either[T any](own, fallback *T) *T {
	if own != nil {
		return own
	}
	return fallback
}

func isTrue(b *bool) bool { return b != nil && *b }

// addEnv adds env to each container, after its own.
func addEnv(containers []corev1.Container, env map[string]string) {
	vars := envVars(env)
	for i := range containers {
		containers[i].Env = append(containers[i].Env, vars...)
	}
}

// envVars is env in the order of the names.
func envVars(env map[string]string) []corev1.EnvVar {
	vars := make([]corev1.EnvVar, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		vars = append(vars, corev1.EnvVar{Name: name, Value: env[name]})
	}
	return vars
}
