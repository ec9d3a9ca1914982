// SPDX-License-Identifier: Apache-2.0

package trigger_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	"github.com/cutwater-ci/cutwater/functions/plugins/trigger"
	prowfake "github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/fake"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

// What a push is to, and which files it is about, as GitHub says it.
func TestPushes(t *testing.T) {
	conf := loadConfig(t, `
prowjob_namespace: default
scheduler: {enabled: true}
`, `
postsubmits:
  org/repo:
  - {name: any, spec: {containers: [{image: alpine}]}}
  - {name: release, branches: ['^v\d'], spec: {containers: [{image: alpine}]}}
  - {name: not-main, skip_branches: [main], spec: {containers: [{image: alpine}]}}
  - {name: docs, run_if_changed: '^docs/', spec: {containers: [{image: alpine}]}}
  - {name: code, skip_if_only_changed: '^docs/', spec: {containers: [{image: alpine}]}}
  - {name: never, always_run: false, spec: {containers: [{image: alpine}]}}
`)
	for _, tc := range []struct {
		name, ref, rest string
		want            []string
	}{
		{"branch", "refs/heads/main", `"commits":[{"added":["docs/a"]},{"modified":["docs/b"]}]`, []string{"any@main", "docs@main"}},
		{"of all commits", "refs/heads/main", `"commits":[{"added":["docs/a"]},{"removed":["x.go"]}]`, []string{"any@main", "code@main", "docs@main"}},
		{"branch with slashes", "refs/heads/v1/x", `"commits":[]`, []string{"any@v1/x", "not-main@v1/x", "release@v1/x"}},
		{"tag", "refs/tags/v1.0", `"commits":[],"created":true`, []string{"any@v1.0", "not-main@v1.0", "release@v1.0"}},
		{"tag whose name is like a ref", "refs/tags/refs/heads/v2", `"commits":[]`, []string{"any@refs/heads/v2", "not-main@refs/heads/v2"}},
		{"no commits", "refs/heads/main", `"commits":null`, []string{"any@main"}},
		{"the end of a branch", "refs/heads/main", `"deleted":true,"commits":[{"added":["docs/a"]}]`, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client := prowfake.NewSimpleClientset()
			p := trigger.New(nil, client.ProwV1(), nil, func() time.Time { return time.Time{} })
			payload, err := webhook.Decode("push", "guid", []byte(`{"ref":"`+tc.ref+`","after":"abc","compare":"https://example.com/compare",`+
				`"repository":{"name":"repo","owner":{"name":"org"},"html_url":"https://github.com/org/repo"},`+tc.rest+`}`))
			if err != nil {
				t.Fatal(err)
			}
			for _, call := range p.Calls(plugin.Event{Config: conf}, payload) {
				if err := call(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			list, err := client.ProwV1().ProwJobs("default").List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, pj := range list.Items {
				got = append(got, pj.Spec.Job+"@"+pj.Spec.Refs.BaseRef)
				if r := pj.Spec.Refs; r.BaseSHA != "abc" || r.BaseLink != "https://example.com/compare" || pj.Status.State != "scheduling" {
					t.Errorf("%s: got base %s, link %s and state %s", pj.Spec.Job, r.BaseSHA, r.BaseLink, pj.Status.State)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("runs (-want, +got):\n%s", diff)
			}
		})
	}
}

func loadConfig(t *testing.T, main, jobs string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	files := config.Files{Config: filepath.Join(dir, "config.yaml"), Jobs: filepath.Join(dir, "jobs.yaml")}
	for file, text := range map[string]string{files.Config: main, files.Jobs: jobs} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
