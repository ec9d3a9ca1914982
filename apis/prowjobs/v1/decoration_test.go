// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

func decoration(t *testing.T, text string) *DecorationConfig {
	t.Helper()
	c := &DecorationConfig{}
	if err := yaml.UnmarshalStrict([]byte(text), c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestApplyDefault(t *testing.T) {
	def := `
timeout: 2h
grace_period: 15s
utility_images: {clonerefs: c, initupload: i, entrypoint: e, sidecar: s}
resources: {sidecar: {requests: {cpu: 100m}}}
gcs_configuration: {bucket: b, path_strategy: explicit, mediaTypes: {log: text/plain, x: text/x}, compress_file_types: [txt]}
gcs_credentials_secret: gcs
ssh_key_secrets: [key]
censor_secrets: true
censoring_options: {minimum_secret_length: 5}
scheduling_options: {tolerations: [{key: a}]}
default_memory_request: 1Gi
run_as_user: 1000
`
	own := `
timeout: 1h
utility_images: {clonerefs: mine}
gcs_configuration: {path_prefix: p, mediaTypes: {log: text/own, y: text/y}}
gcs_credentials_secret: ""
ssh_key_secrets: []
censoring_options: {censoring_concurrency: 1}
sparse_checkout_files: [a]
`
	want := `
timeout: 1h
grace_period: 15s
utility_images: {clonerefs: mine, initupload: i, entrypoint: e, sidecar: s}
resources: {sidecar: {requests: {cpu: 100m}}}
gcs_configuration: {bucket: b, path_prefix: p, path_strategy: explicit, mediaTypes: {log: text/plain, x: text/x, y: text/y}, compress_file_types: [txt]}
gcs_credentials_secret: ""
ssh_key_secrets: [key]
censor_secrets: true
censoring_options: {minimum_secret_length: 5, censoring_concurrency: 1}
scheduling_options: {tolerations: [{key: a}]}
default_memory_request: 1Gi
run_as_user: 1000
sparse_checkout_files: [a]
`
	base, mine := decoration(t, def), decoration(t, own)
	if diff := cmp.Diff(decoration(t, want), mine.ApplyDefault(base)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(decoration(t, def), base); diff != "" {
		t.Errorf("the default was changed: %s", diff)
	}
	if diff := cmp.Diff(decoration(t, own), mine); diff != "" {
		t.Errorf("the receiver was changed: %s", diff)
	}
	var none *DecorationConfig
	if none.ApplyDefault(nil) != nil || none.ApplyDefault(base).Timeout.Get() != 2*time.Hour || mine.ApplyDefault(nil).Timeout.Get() != time.Hour {
		t.Error("nil is not nothing")
	}
}

func TestValidateDecoration(t *testing.T) {
	good := "utility_images: {clonerefs: c, initupload: i, entrypoint: e, sidecar: s}\n"
	for _, c := range []struct{ name, text, want string }{
		{"good", good + "gcs_configuration: {bucket: b, path_strategy: explicit}", ""},
		{"nothing", "{}", "missing field(s): gcs_configuration, utility_images"},
		{"an image", "utility_images: {clonerefs: c, initupload: i, entrypoint: e}\ngcs_configuration: {bucket: b, path_strategy: explicit}", "missing field(s): utility_images.sidecar"},
		{"legacy", good + "gcs_configuration: {bucket: b, path_strategy: legacy}", "missing field(s): gcs_configuration.default_org, gcs_configuration.default_repo"},
		{"single", good + "gcs_configuration: {bucket: b, path_strategy: single, default_org: o, default_repo: r}", ""},
		{"strategy", good + "gcs_configuration: {bucket: b}", "invalid value: : gcs_configuration.path_strategy\nwant legacy, explicit or single"},
		{"bucket", good + "gcs_configuration: {bucket: 's3://%', path_strategy: explicit}", "invalid value: s3://%: gcs_configuration.bucket\nwant gs://bucket, s3://bucket, file:///folder or a bucket of GCS"},
		{"media", good + "gcs_configuration: {bucket: b, path_strategy: explicit, mediaTypes: {a: b c}}", "invalid value: b c: gcs_configuration.mediaTypes[a]\nmime: expected slash after first token"},
		{"secrets", good + "gcs_configuration: {bucket: b, path_strategy: explicit}\noauth_token_secret: {name: a, key: b}\nssh_key_secrets: [c]", "expected exactly one, got both: oauth_token_secret, ssh_key_secrets"},
	} {
		got := ""
		if err := decoration(t, c.text).Validate(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	if err := (&RerunAuthConfig{AllowAnyone: true, GitHubUsers: []string{"a"}}).Validate(); err == nil {
		t.Error("allow_anyone with users is accepted")
	}
	if err := (&RerunAuthConfig{AllowAnyone: true}).Validate(); err != nil {
		t.Error(err)
	}
}
