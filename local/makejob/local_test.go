// SPDX-License-Identifier: Apache-2.0

package makejob_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
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
    cookiefile_secret: d
    oauth_token_secret: {name: e, key: f}
    github_app_private_key_secret: {name: g, key: h}
    default_service_account_name: i
    default_memory_request: 1Gi
  pod_spec:
    serviceAccountName: robot
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
    - {name: w, configMap: {name: files}}
    - {name: x, projected: {sources: [{secret: {name: projected}}, {configMap: {name: both}}]}}
    - {name: y, emptyDir: {}}
status: {state: scheduling}
`

func TestLocalize(t *testing.T) {
	pj := prowJob(t, farAway)
	makejob.Localize(pj, &prowv1.DecorationConfig{
		UtilityImages:    &prowv1.UtilityImages{CloneRefs: "ours"},
		GCSConfiguration: &prowv1.GCSConfiguration{Bucket: "file:///ours"},
	}, "host")
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
    default_memory_request: 1Gi
  pod_spec:
    containers: [{image: host, command: [make]}]
status: {state: triggered}
`)
	if diff := cmp.Diff(want, pj); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNeeds(t *testing.T) {
	secrets, configMaps := makejob.Needs(prowJob(t, farAway))
	if diff := cmp.Diff([]string{"env", "from", "projected", "volume"}, secrets); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"all", "both", "files", "settings"}, configMaps); diff != "" {
		t.Errorf("config maps (-want +got):\n%s", diff)
	}
}
