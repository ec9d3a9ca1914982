// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// pod checks the pod of a job, and what of it the decoration needs for itself.
func (f *finisher) pod(b *JobBase, of prowv1.ProwJobType, fail failure) {
	spec := b.Spec
	for i := range spec.InitContainers {
		if c := &spec.InitContainers[i]; c.RestartPolicy == nil || *c.RestartPolicy != corev1.ContainerRestartPolicyAlways {
			fail(fmt.Sprintf("spec.initContainers[%d]", i), "init containers are not allowed, except sidecars: those with restartPolicy Always")
		}
	}
	switch {
	case len(spec.Containers) == 0:
		fail("spec.containers", "at least one container is needed")
	case len(spec.Containers) > 1 && b.DecorationConfig == nil:
		fail("spec.containers", "more than one container needs decoration")
	case len(spec.Containers) > 1:
		containerNames(spec, fail)
	}
	volumes := podVolumes(b, fail)
	for i := range spec.Containers {
		environment(spec, i, of, fail)
		mounts(spec, i, volumes, fail)
	}
}

// containerNames checks the names of several containers; a single one is renamed anyway.
func containerNames(spec *corev1.PodSpec, fail failure) {
	seen := map[string]bool{}
	for i, c := range spec.Containers {
		field := fmt.Sprintf("spec.containers[%d].name", i)
		switch {
		case c.Name == "":
			fail(field, "is needed where there are several containers")
		case slices.Contains([]string{"clonerefs", "initupload", "place-entrypoint", "sidecar"}, c.Name):
			fail(field, "%q is the name of a pod utility", c.Name)
		case seen[c.Name]:
			fail(field, "%q is given twice", c.Name)
		}
		seen[c.Name] = true
	}
}

// environment checks that variables are unique and not among those that the system sets.
func environment(spec *corev1.PodSpec, container int, of prowv1.ProwJobType, fail failure) {
	all := spec.Containers[container].Env
	for i := range all {
		name := all[i].Name
		at := func() string { return fmt.Sprintf("spec.containers[%d].env[%d].name", container, i) }
		if slices.ContainsFunc(all[:i], func(e corev1.EnvVar) bool { return e.Name == name }) {
			fail(at(), "%s is given twice", name)
		}
		if reservedVariable(name, of) {
			fail(at(), "%s is set by the system", name)
		}
	}
}

// reservedVariable reports whether the system sets the variable in runs of this type.
func reservedVariable(name string, of prowv1.ProwJobType) bool {
	switch name {
	case "CI", "JOB_NAME", "JOB_SPEC", "JOB_TYPE", "PROW_JOB_ID", "BUILD_ID", "BUILD_NUMBER":
		return true
	case "REPO_OWNER", "REPO_NAME", "PULL_BASE_REF", "PULL_BASE_SHA", "PULL_REFS", "SRC_HOST", "SRC_BASE":
		return of != prowv1.PeriodicJob
	case "PULL_NUMBER", "PULL_PULL_SHA", "PULL_HEAD_REF", "PULL_TITLE":
		return of == prowv1.PresubmitJob
	}
	return false
}

// podVolumes checks the volumes and returns those that containers may mount, those of the decoration too.
func podVolumes(b *JobBase, fail failure) []string {
	reserved := append([]string{"logs", "code", "tools", "gcs-credentials", "s3-credentials"}, secretVolumes(b.DecorationConfig)...)
	names := make([]string, 0, len(b.Spec.Volumes)+len(reserved))
	for i := range b.Spec.Volumes {
		name := b.Spec.Volumes[i].Name
		at := func() string { return fmt.Sprintf("spec.volumes[%d].name", i) }
		switch {
		case slices.Contains(names, name):
			fail(at(), "%q is given twice", name)
		case slices.Contains(reserved, name):
			fail(at(), "%q is the name of a volume of the decoration", name)
		}
		names = append(names, name)
	}
	return append(names, reserved...)
}

// secretVolumes are the volumes that the decoration makes of secrets for cloning, under their names.
func secretVolumes(d *prowv1.DecorationConfig) []string {
	if d == nil {
		return nil
	}
	var names []string
	if d.OauthTokenSecret != nil {
		names = append(names, d.OauthTokenSecret.Name)
	}
	return append(names, d.SSHKeySecrets...)
}

func mounts(spec *corev1.PodSpec, container int, volumes []string, fail failure) {
	for i, mount := range spec.Containers[container].VolumeMounts {
		at := func(field string) string {
			return fmt.Sprintf("spec.containers[%d].volumeMounts[%d].%s", container, i, field)
		}
		switch {
		case slices.Contains([]string{"logs", "code", "tools"}, mount.Name):
			fail(at("name"), "%q is a volume of the decoration", mount.Name)
		case !slices.Contains(volumes, mount.Name):
			fail(at("name"), "%q is no volume of the pod", mount.Name)
		}
		switch mount.MountPath {
		case "/logs", "/home/prow/go", "/tools":
			fail(at("mountPath"), "%s is where the decoration mounts its own", mount.MountPath)
		}
	}
}
