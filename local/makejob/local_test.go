// SPDX-License-Identifier: Apache-2.0

package makejob_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/yaml"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/local/makejob"
)

func prowJob(t *testing.T, text string) *prowv1.ProwJob {
	t.Helper()
	pj := &prowv1.ProwJob{}
	if err := yaml.UnmarshalStrict([]byte(text), pj); err != nil {
		t.Fatal(err)
	}
	return pj
}

const farAway = `
spec:
  job: unit
  agent: kubernetes
  cluster: far
  job_queue_name: slow
  max_concurrency: 3
  report: true
  reporter_config: {slack: {channel: ci}}
  decoration_config:
    timeout: 1h
    utility_images: {clonerefs: theirs}
    gcs_configuration: {bucket: gs://theirs}
    gcs_credentials_secret: a
    s3_credentials_secret: b
    ssh_key_secrets: [c]
    cookiefile_secret: d/file
    oauth_token_secret: {name: e, key: f}
    github_app_id: "7"
    github_app_private_key_secret: {name: g, key: h}
    default_service_account_name: i
    default_memory_request: 1Gi
  pod_spec:
    serviceAccountName: robot
    imagePullSecrets: [{name: p}, {name: q}]
    nodeSelector: {size: large}
    tolerations: [{key: a}]
    priorityClassName: high
    containers:
    - image: golang
      command: [make]
      resources: {requests: {cpu: 64}}
      envFrom: [{secretRef: {name: from}}, {configMapRef: {name: all}}]
      env:
      - {name: A, valueFrom: {secretKeyRef: {name: env, key: k}}}
      - {name: B, valueFrom: {configMapKeyRef: {name: settings, key: k}}}
      - {name: C, valueFrom: {secretKeyRef: {name: perhaps, key: k, optional: true}}}
      - {name: D, value: "1"}
    volumes:
    - {name: v, secret: {secretName: volume}}
    - {name: w, configMap: {name: files, items: [{key: one, path: a}, {key: two, path: b}]}}
    - {name: z, secret: {secretName: perhaps, optional: true}}
    - {name: x, projected: {sources: [{secret: {name: projected}}, {configMap: {name: both}}]}}
    - {name: y, emptyDir: {}}
status: {state: scheduling}
`

func TestLocalize(t *testing.T) {
	utilities := &prowv1.DecorationConfig{
		UtilityImages:    &prowv1.UtilityImages{CloneRefs: "ours"},
		GCSConfiguration: &prowv1.GCSConfiguration{Bucket: "file:///ours"},
	}
	for _, tc := range []struct {
		name       string
		machine    makejob.Machine
		secrets    string // that there are
		decoration string // what is left
		pod        string
	}{
		{
			"alone",
			makejob.Machine{Image: "host"},
			"",
			"", "{containers: [{image: host, command: [make]}]}",
		},
		{
			"with secrets",
			makejob.Machine{},
			"cdegpr", `
    ssh_key_secrets: [c]
    cookiefile_secret: d/file
    oauth_token_secret: {name: e, key: f}
    github_app_id: "7"
    github_app_private_key_secret: {name: g, key: h}`,
			"{imagePullSecrets: [{name: p}], containers: [{image: golang, command: [make]}]}",
		},
		{
			"with secrets and the code",
			makejob.Machine{HasCode: true},
			"cdegpr",
			"", "{imagePullSecrets: [{name: p}], containers: [{image: golang, command: [make]}]}",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			pj := prowJob(t, farAway)
			tc.machine.Utilities, tc.machine.HasSecret = utilities, func(name string) bool { return strings.Contains(tc.secrets, name) }
			makejob.Localize(pj, tc.machine)
			pj.Spec.PodSpec.Volumes, pj.Spec.PodSpec.Containers[0].Env, pj.Spec.PodSpec.Containers[0].EnvFrom = nil, nil, nil // which stay
			want := prowJob(t, `
spec:
  job: unit
  agent: kubernetes
  cluster: default
  decoration_config:
    timeout: 1h
    utility_images: {clonerefs: ours}
    gcs_configuration: {bucket: file:///ours}
    default_memory_request: 1Gi`+tc.decoration+`
  pod_spec: `+tc.pod+`
status: {state: triggered}
`)
			if diff := cmp.Diff(want, pj, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNeeds(t *testing.T) {
	pj := prowJob(t, farAway)
	const env = " of the container test"
	want := []makejob.Need{
		{makejob.Secret, "volume", "", "the volume v"},
		{makejob.ConfigMap, "files", "one", "the volume w"},
		{makejob.ConfigMap, "files", "two", "the volume w"},
		{makejob.Secret, "projected", "", "the volume x"},
		{makejob.ConfigMap, "both", "", "the volume x"},
		{makejob.Secret, "from", "", "envFrom" + env},
		{makejob.ConfigMap, "all", "", "envFrom" + env},
		{makejob.Secret, "env", "k", "the variable A" + env},
		{makejob.ConfigMap, "settings", "k", "the variable B" + env},
	}
	if diff := cmp.Diff(want, makejob.Needs(pj.Spec.PodSpec)); diff != "" {
		t.Errorf("the pod (-want +got):\n%s", diff)
	}
	want = []makejob.Need{
		{makejob.Secret, "c", "", "decoration_config.ssh_key_secrets"},
		{makejob.Secret, "e", "f", "decoration_config.oauth_token_secret"},
		{makejob.Secret, "g", "h", "decoration_config.github_app_private_key_secret"},
		{makejob.Secret, "d", "file", "decoration_config.cookiefile_secret"},
	}
	if diff := cmp.Diff(want, makejob.Credentials(pj.Spec.DecorationConfig)); diff != "" {
		t.Errorf("the decoration (-want +got):\n%s", diff)
	}
	whole := "d"
	if got := makejob.Credentials(&prowv1.DecorationConfig{CookiefileSecret: &whole}); len(got) != 1 || got[0].Key != "d" {
		t.Errorf("a cookie file without a key: got %v", got)
	}
	if got := append(makejob.Needs(nil), makejob.Credentials(nil)...); len(got) > 0 {
		t.Errorf("of nothing: got %v", got)
	}
}
