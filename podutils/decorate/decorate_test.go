// SPDX-License-Identifier: Apache-2.0

package decorate_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/decorate"
	"github.com/cutwater-ci/cutwater/podutils/options"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// newJob is a decorated presubmit; what no golden has is set by the tests.
func newJob(set func(spec *prowv1.ProwJobSpec)) *prowv1.ProwJob {
	pj := &prowv1.ProwJob{
		ObjectMeta: metav1.ObjectMeta{Name: "name"},
		Spec: prowv1.ProwJobSpec{
			Type: prowv1.PresubmitJob, Agent: prowv1.KubernetesAgent, Job: "unit", Context: "unit",
			Refs:    &prowv1.Refs{Org: "org", Repo: "repo", BaseRef: "main", Pulls: []prowv1.Pull{{Number: 1, SHA: "abc"}}},
			PodSpec: &corev1.PodSpec{Containers: []corev1.Container{{Command: []string{"make"}, Args: []string{"test"}}}},
			DecorationConfig: &prowv1.DecorationConfig{
				Timeout: &prowv1.Duration{Duration: time.Hour}, GracePeriod: &prowv1.Duration{Duration: 10 * time.Second},
				UtilityImages:    &prowv1.UtilityImages{CloneRefs: "clonerefs", InitUpload: "initupload", Entrypoint: "entrypoint", Sidecar: "sidecar"},
				GCSConfiguration: &prowv1.GCSConfiguration{Bucket: "bucket", PathStrategy: prowv1.PathStrategyExplicit},
			},
		},
		Status: prowv1.ProwJobStatus{BuildID: "17"},
	}
	if set != nil {
		set(&pj.Spec)
	}
	return pj
}

func pod(t *testing.T, pj *prowv1.ProwJob, opt decorate.Options) *corev1.Pod {
	t.Helper()
	before := pj.DeepCopy()
	made, err := decorate.Pod(pj, opt)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, pj); diff != "" {
		t.Errorf("the ProwJob was changed:\n%s", diff)
	}
	return made
}

func container(t *testing.T, p *corev1.Pod, name string) *corev1.Container {
	t.Helper()
	for _, all := range [][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
		if i := slices.IndexFunc(all, func(c corev1.Container) bool { return c.Name == name }); i >= 0 {
			return &all[i]
		}
	}
	t.Fatalf("no container %s", name)
	return nil
}

// decode reads the options that a container gets.
func decode[T any](t *testing.T, c *corev1.Container, variable string) T {
	t.Helper()
	var value T
	for _, env := range c.Env {
		if env.Name == variable {
			if err := json.Unmarshal([]byte(env.Value), &value); err != nil {
				t.Fatal(err)
			}
			return value
		}
	}
	t.Fatalf("%s has no %s", c.Name, variable)
	return value
}

func containerNames(containers []corev1.Container) (names []string) {
	for i := range containers {
		names = append(names, containers[i].Name)
	}
	return names
}

func mountNames(mounts []corev1.VolumeMount) (names []string) {
	for _, mount := range mounts {
		names = append(names, mount.Name+" "+mount.MountPath)
	}
	return names
}

func TestSeveralContainers(t *testing.T) {
	p := pod(t, newJob(func(spec *prowv1.ProwJobSpec) {
		spec.PodSpec.InitContainers = []corev1.Container{{Name: "own-init"}}
		spec.PodSpec.Containers = []corev1.Container{
			{Name: "a", Command: []string{"a"}}, {Name: "b", Args: []string{"b"}, TerminationMessagePolicy: corev1.TerminationMessageReadFile},
		}
	}), decorate.Options{Namespace: "pods"})
	if diff := cmp.Diff([]string{"clonerefs", "own-init", "initupload", "place-entrypoint"}, containerNames(p.Spec.InitContainers)); diff != "" {
		t.Errorf("init containers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a", "b", "sidecar"}, containerNames(p.Spec.Containers)); diff != "" {
		t.Errorf("containers (-want +got):\n%s", diff)
	}
	wantA := wrapper.Options{Args: []string{"a"}, ContainerName: "a", ProcessLog: "/logs/a-log.txt", MarkerFile: "/logs/a-marker.txt", MetadataFile: "/logs/artifacts/a-metadata.json"}
	wantB := wrapper.Options{Args: []string{"b"}, ContainerName: "b", ProcessLog: "/logs/b-log.txt", MarkerFile: "/logs/b-marker.txt", MetadataFile: "/logs/artifacts/b-metadata.json"}
	if diff := cmp.Diff(wantB, decode[wrapper.Entrypoint](t, container(t, p, "b"), wrapper.EntrypointEnv).Options); diff != "" {
		t.Errorf("entrypoint of b (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]wrapper.Options{wantA, wantB}, decode[options.Sidecar](t, container(t, p, "sidecar"), options.SidecarEnv).Entries); diff != "" {
		t.Errorf("entries of sidecar (-want +got):\n%s", diff)
	}
	if got := container(t, p, "b").TerminationMessagePolicy; got != corev1.TerminationMessageReadFile {
		t.Errorf("the job's own termination message policy became %s", got)
	}
}

func TestLocalMode(t *testing.T) {
	p := pod(t, newJob(func(spec *prowv1.ProwJobSpec) {
		spec.DecorationConfig.GCSCredentialsSecret = new("secret")
	}), decorate.Options{OutputDir: "/tmp/out"})
	for _, name := range []string{"initupload", "sidecar"} {
		if mounts := mountNames(container(t, p, name).VolumeMounts); !slices.Contains(mounts, "output /output") || slices.Contains(mounts, "gcs-credentials /secrets/gcs") {
			t.Errorf("%s mounts %v", name, mounts)
		}
	}
	if got := decode[options.InitUpload](t, container(t, p, "initupload"), options.InitUploadEnv).LocalOutputDir; got != "/output" {
		t.Errorf("local output folder is %q", got)
	}
	i := slices.IndexFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == "output" })
	if i < 0 || p.Spec.Volumes[i].HostPath.Path != "/tmp/out" {
		t.Errorf("volumes are %v", p.Spec.Volumes)
	}
}

func TestCloneSecrets(t *testing.T) {
	p := pod(t, newJob(func(spec *prowv1.ProwJobSpec) {
		d := spec.DecorationConfig
		d.CookiefileSecret = new("cookies/jar")
		d.SSHKeySecrets = []string{"one", "two"}
		d.GitHubAppID, d.GitHubAppPrivateKeySecret = "7", &prowv1.GitHubAppPrivateKeySecret{Name: "app", Key: "key.pem"}
		d.GitHubAPIEndpoints = []string{"https://ghe/api"}
	}), decorate.Options{})
	c := container(t, p, "clonerefs")
	got := decode[options.Clone](t, c, options.CloneEnv)
	want := options.Clone{
		SrcRoot: "/home/prow/go", Log: "/logs/clone.json", GitUserName: "ci-robot", GitUserEmail: "ci-robot@k8s.io", Refs: got.Refs,
		KeyFiles: []string{"/secrets/ssh/one", "/secrets/ssh/two"}, CookiePath: "/secrets/cookiefile/jar",
		GitHubAPIEndpoints: []string{"https://ghe/api"}, GitHubAppID: "7", GitHubAppPrivateKeyFile: "/secrets/github-app/key.pem",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
	wantMounts := []string{
		"logs /logs", "code /home/prow/go", "ssh-keys-one /secrets/ssh/one", "ssh-keys-two /secrets/ssh/two",
		"app /secrets/github-app", "clonerefs-tmp /tmp", "cookiefile /secrets/cookiefile",
	}
	if diff := cmp.Diff(wantMounts, mountNames(c.VolumeMounts)); diff != "" {
		t.Errorf("mounts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"--cookiefile=/secrets/cookiefile/jar"}, c.Args); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
}

// Two containers may mount a secret at one place, the sidecar cannot do so twice.
func TestCensoring(t *testing.T) {
	mount := corev1.VolumeMount{Name: "secret", MountPath: "/etc/secret"}
	job := func(censor *bool) *prowv1.ProwJob {
		return newJob(func(spec *prowv1.ProwJobSpec) {
			spec.DecorationConfig.CensorSecrets = censor
			spec.DecorationConfig.CensoringOptions = &prowv1.CensoringOptions{MinimumSecretLength: new(6), ExcludeDirectories: []string{"**/x"}}
			spec.PodSpec.Volumes = []corev1.Volume{
				{Name: "secret", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "s"}}},
				{Name: "cache", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			}
			spec.PodSpec.Containers = []corev1.Container{
				{Name: "a", Command: []string{"a"}, VolumeMounts: []corev1.VolumeMount{mount, {Name: "cache", MountPath: "/cache"}}},
				{Name: "b", Command: []string{"b"}, VolumeMounts: []corev1.VolumeMount{mount}},
			}
		})
	}
	for _, test := range []struct {
		censor *bool
		dirs   []string
		mounts []string
	}{
		{nil, nil, []string{"logs /logs"}},
		{new(false), nil, []string{"logs /logs"}},
		{new(true), []string{"/etc/secret"}, []string{"logs /logs", "secret /etc/secret"}},
	} {
		c := container(t, pod(t, job(test.censor), decorate.Options{}), "sidecar")
		want := &options.Censoring{SecretDirectories: test.dirs, MinimumSecretLength: new(6), ExcludeDirectories: []string{"**/x"}}
		if diff := cmp.Diff(want, decode[options.Sidecar](t, c, options.SidecarEnv).CensoringOptions); diff != "" {
			t.Errorf("censoring options (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(test.mounts, mountNames(c.VolumeMounts)); diff != "" {
			t.Errorf("mounts (-want +got):\n%s", diff)
		}
	}
}

func TestMemory(t *testing.T) {
	p := pod(t, newJob(func(spec *prowv1.ProwJobSpec) {
		spec.DecorationConfig.DefaultMemoryRequest = new(resource.MustParse("1Gi"))
		spec.DecorationConfig.SetLimitEqualsMemoryRequest = new(true)
		own := corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("2Gi")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("3Gi"), corev1.ResourceCPU: resource.MustParse("1")},
		}
		spec.PodSpec.Containers = []corev1.Container{{Name: "none", Command: []string{"x"}}, {Name: "own", Command: []string{"x"}, Resources: own}}
	}), decorate.Options{})
	for name, want := range map[string]string{"none": "1Gi 1Gi", "own": "2Gi 2Gi", "sidecar": "0 0"} {
		r := container(t, p, name).Resources
		if got := r.Requests.Memory().String() + " " + r.Limits.Memory().String(); got != want {
			t.Errorf("%s has memory request and limit %s, want %s", name, got, want)
		}
	}
	if got := container(t, p, "own").Resources.Limits.Cpu().String(); got != "1" {
		t.Errorf("CPU limit became %s", got)
	}
}

func TestDefaults(t *testing.T) {
	config := func(spec *prowv1.ProwJobSpec) {
		d := spec.DecorationConfig
		d.RunAsUser, d.RunAsGroup, d.FsGroup = new(int64(1)), new(int64(2)), new(int64(3))
		d.DefaultServiceAccountName = new("account")
		d.SchedulingOptions = &prowv1.SchedulingOptions{Affinity: &corev1.Affinity{}, Tolerations: []corev1.Toleration{{Key: "k"}}}
	}
	got := pod(t, newJob(config), decorate.Options{}).Spec
	want := corev1.PodSpec{
		SecurityContext:    &corev1.PodSecurityContext{RunAsUser: new(int64(1)), RunAsGroup: new(int64(2)), FSGroup: new(int64(3))},
		ServiceAccountName: "account", AutomountServiceAccountToken: new(false),
		Affinity: &corev1.Affinity{}, Tolerations: []corev1.Toleration{{Key: "k"}},
		TerminationGracePeriodSeconds: new(int64(12)), RestartPolicy: corev1.RestartPolicyNever,
		Containers: got.Containers, InitContainers: got.InitContainers, Volumes: got.Volumes,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	own := corev1.PodSpec{
		SecurityContext:    &corev1.PodSecurityContext{RunAsUser: new(int64(9)), RunAsGroup: new(int64(9)), FSGroup: new(int64(9))},
		ServiceAccountName: "own", Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{}},
		Tolerations: []corev1.Toleration{}, TerminationGracePeriodSeconds: new(int64(99)), RestartPolicy: corev1.RestartPolicyNever,
	}
	got = pod(t, newJob(func(spec *prowv1.ProwJobSpec) {
		config(spec)
		containers := spec.PodSpec.Containers
		spec.PodSpec = own.DeepCopy()
		spec.PodSpec.Containers = containers
	}), decorate.Options{}).Spec
	got.Containers, got.InitContainers, got.Volumes = nil, nil, nil
	if diff := cmp.Diff(own, got); diff != "" {
		t.Errorf("the job's own settings (-want +got):\n%s", diff)
	}
}

func TestSkipCloning(t *testing.T) {
	p := pod(t, newJob(func(spec *prowv1.ProwJobSpec) {
		spec.DecorationConfig.SkipCloning = new(true)
		spec.PodSpec.Containers[0].WorkingDir = "/own"
	}), decorate.Options{})
	if diff := cmp.Diff([]string{"initupload", "place-entrypoint"}, containerNames(p.Spec.InitContainers)); diff != "" {
		t.Errorf("init containers (-want +got):\n%s", diff)
	}
	if got := container(t, p, "test").WorkingDir; got != "/own" {
		t.Errorf("working directory became %s", got)
	}
	if got := decode[options.InitUpload](t, container(t, p, "initupload"), options.InitUploadEnv).Log; got != "" {
		t.Errorf("initupload is to read %s", got)
	}
}

func TestWorkDir(t *testing.T) {
	p := pod(t, newJob(func(spec *prowv1.ProwJobSpec) {
		spec.ExtraRefs = []prowv1.Refs{{Org: "other", Repo: "x"}, {Org: "other", Repo: "y", RepoLink: "https://host/other/y", WorkDir: true}}
	}), decorate.Options{})
	if got, want := container(t, p, "test").WorkingDir, "/home/prow/go/src/host/other/y"; got != want {
		t.Errorf("working directory is %s, want %s", got, want)
	}
}

func TestLabels(t *testing.T) {
	long := strings.Repeat("x", 62) + "-y"
	p := pod(t, newJob(func(spec *prowv1.ProwJobSpec) {
		spec.Job, spec.Context = long, "ci/unit tests!"
		spec.Refs.Org, spec.Refs.BaseRef = "https://gerrit.example.com/team", "feature/x"
	}), decorate.Options{Namespace: "pods"})
	want := map[string]string{
		"created-by-prow": "true", "prow.k8s.io/type": "presubmit", "prow.k8s.io/job": strings.Repeat("x", 62),
		"prow.k8s.io/refs.org": "team", "prow.k8s.io/refs.repo": "repo", "prow.k8s.io/refs.base_ref": "x", "prow.k8s.io/refs.pull": "1",
		"prow.k8s.io/id": "name", "prow.k8s.io/build-id": "17",
	}
	if diff := cmp.Diff(want, p.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"prow.k8s.io/job": long, "prow.k8s.io/context": "ci/unit tests!"}, p.Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
	if p.Namespace != "pods" || p.Name != "name" {
		t.Errorf("pod is %s/%s, want pods/name", p.Namespace, p.Name)
	}
}

func TestRefuses(t *testing.T) {
	for want, set := range map[string]func(spec *prowv1.ProwJobSpec){
		"lacks a pod spec":        func(spec *prowv1.ProwJobSpec) { spec.PodSpec = nil },
		"names no utility_images": func(spec *prowv1.ProwJobSpec) { spec.DecorationConfig.UtilityImages = nil },
	} {
		if _, err := decorate.Pod(newJob(set), decorate.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want …%s", err, want)
		}
	}
}
