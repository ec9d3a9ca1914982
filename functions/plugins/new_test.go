// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"

	"github.com/cutwater-ci/cutwater/config/lastgood"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/inbox"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

// cluster is an API server that takes every ProwJob, and tells how it was asked.
type cluster struct {
	mu    sync.Mutex
	asked []string
}

func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var pj struct {
		Spec struct {
			Job string `json:"job"`
		} `json:"spec"`
	}
	_ = json.Unmarshal(body, &pj)
	c.mu.Lock()
	c.asked = append(c.asked, r.Method+" "+r.URL.Path+" "+r.URL.Query().Get("dryRun")+pj.Spec.Job)
	c.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(body)
}

// environment writes the files of a small installation, and returns its variables.
func environment(t testing.TB, github, cluster string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return map[string]string{
		"BUCKET":           "file://" + dir + "/bucket",
		"HMAC_SECRET_FILE": write("hmac", testToken),
		"CONFIG_PATH":      write("config.yaml", "prowjob_namespace: jobs\nin_repo_config: {enabled: {other: true}}\n"),
		"JOB_CONFIG_PATH": write("jobs.yaml", "presubmits:\n  testorg/repo:\n"+
			"  - {name: unit, always_run: true, spec: {containers: [{image: alpine}]}}\n"),
		"PLUGIN_CONFIG":   write("plugins.yaml", "plugins:\n  testorg:\n    plugins: [trigger, hold]\n"),
		"GITHUB_ENDPOINT": github,
		"KUBECONFIG": write("kubeconfig", "{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c}}], "+
			"clusters: [{name: c, cluster: {server: '"+cluster+"'}}]}"),
	}
}

const testAll = `{"action":"created","issue":{"number":5,"state":"open","user":{"login":"octocat"},"pull_request":{}},` +
	`"comment":{"id":7,"body":"/test all\n/hold","user":{"login":"member"},"html_url":"https://github.com/testorg/repo/pull/5#issuecomment-7"},` +
	`"repository":{"name":"repo","full_name":"testorg/repo","owner":{"login":"testorg"}},"sender":{"login":"member"}}`

// The function as it is started: from environment and files to ProwJobs and labels.
func TestNew(t *testing.T) {
	for _, tc := range []struct {
		name   string
		set    map[string]string
		asked  []string
		labels int
		ledger map[string]string
	}{
		{"for real", nil, []string{"POST /apis/prow.k8s.io/v1/namespaces/jobs/prowjobs unit"}, 1, map[string]string{"hold": "done", "trigger": "done"}},
		{
			"dry run",
			map[string]string{"DRY_RUN": "true"},
			[]string{"POST /apis/prow.k8s.io/v1/namespaces/jobs/prowjobs Allunit"},
			0,
			map[string]string{"hold": "nothing", "trigger": "done"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			forge, prowJobs := &fakeGitHub{}, &cluster{}
			github, kubernetes := httptest.NewServer(forge), httptest.NewServer(prowJobs)
			defer github.Close()
			defer kubernetes.Close()
			env := environment(t, github.URL, kubernetes.URL)
			maps.Copy(env, tc.set)
			handler, err := New(t.Context(), envconfig.MapLookuper(env).Lookup)
			if err != nil {
				t.Fatal(err)
			}
			deliverTestAll(t, handler, env["BUCKET"])
			if diff := gocmp.Diff(tc.asked, prowJobs.asked); diff != "" {
				t.Errorf("what the cluster was asked (-want, +got):\n%s", diff)
			}
			if got := len(forge.writes()); got != tc.labels {
				t.Errorf("%d changes on GitHub, want %d: %v", got, tc.labels, forge.writes())
			}
			if diff := gocmp.Diff(tc.ledger, states(t, env["BUCKET"])); diff != "" {
				t.Errorf("ledger (-want, +got):\n%s", diff)
			}
		})
	}
}

// A function that starts while its files are wrong works by the copies of those that were in force.
func TestNewWithBrokenFiles(t *testing.T) {
	forge, prowJobs := &fakeGitHub{}, &cluster{}
	github, kubernetes := httptest.NewServer(forge), httptest.NewServer(prowJobs)
	defer github.Close()
	defer kubernetes.Close()
	env := environment(t, github.URL, kubernetes.URL)
	bucket, err := blob.Open(t.Context(), env["BUCKET"])
	if err != nil {
		t.Fatal(err)
	}
	for name, paths := range map[string][]string{lastgood.Config: {env["CONFIG_PATH"], env["JOB_CONFIG_PATH"]}, lastgood.Plugins: {env["PLUGIN_CONFIG"]}} {
		copies := lastgood.In(bucket, name)
		sum, err := copies.Sum(paths)
		if err != nil {
			t.Fatal(err)
		}
		if err := copies.Keep(t.Context(), sum, paths); err != nil {
			t.Fatal(err)
		}
		for _, file := range paths {
			if err := os.WriteFile(file, []byte("deck: [\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	handler, err := New(t.Context(), envconfig.MapLookuper(env).Lookup)
	if err != nil {
		t.Fatal(err)
	}
	deliverTestAll(t, handler, env["BUCKET"])
	if diff := gocmp.Diff(map[string]string{"hold": "done", "trigger": "done"}, states(t, env["BUCKET"])); diff != "" {
		t.Errorf("ledger (-want, +got):\n%s", diff)
	}
	if diff := gocmp.Diff([]string{"POST /apis/prow.k8s.io/v1/namespaces/jobs/prowjobs unit"}, prowJobs.asked); diff != "" {
		t.Errorf("what the cluster was asked (-want, +got):\n%s", diff)
	}
}

// What is wrong with the environment is said at once.
func TestNewFails(t *testing.T) {
	for _, tc := range []struct{ key, value, want string }{
		{"BUCKET", "", "BUCKET"},
		{"BUCKET", "ftp://x", "ftp"},
		{"HMAC_SECRET_FILE", "/does/not/exist", "/does/not/exist"},
		{"CONFIG_PATH", "/does/not/exist.yaml", "/does/not/exist.yaml"},
		{"PLUGIN_CONFIG", "", "PLUGIN_CONFIG"},
		{"GITHUB_TOKEN_PATH", "/does/not/exist", "/does/not/exist"},
		{"KUBECONFIG", "/does/not/exist", "/does/not/exist"},
		{"PLUGIN_TIMEOUT", "soon", "PluginTimeout"},
	} {
		t.Run(tc.key+"="+tc.value, func(t *testing.T) {
			env := environment(t, "http://127.0.0.1:1", "http://127.0.0.1:1")
			env[tc.key] = tc.value
			_, err := New(t.Context(), envconfig.MapLookuper(env).Lookup)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one about %q", err, tc.want)
			}
		})
	}
}

// deliverTestAll stores the comment, signed, and hands it to the function.
func deliverTestAll(t *testing.T, handler http.Handler, bucketURL string) {
	t.Helper()
	d := inbox.Delivery{GUID: guid, Event: webhook.IssueComment, Header: http.Header{}, Body: []byte(testAll), ReceivedAt: time.Now()}
	d.Header.Set(webhook.SignatureHeader, webhook.Sign(d.Body, []byte(testToken)))
	if err := deliverTo(t, handler, inboxOf(t, bucketURL), d); err != nil {
		t.Error(err)
	}
}

func inboxOf(t testing.TB, bucketURL string) *inbox.Inbox {
	t.Helper()
	bucket, err := blob.Open(t.Context(), bucketURL)
	if err != nil {
		t.Fatal(err)
	}
	return inbox.New(bucket)
}

func states(t *testing.T, bucketURL string) map[string]string {
	t.Helper()
	e, err := inboxOf(t, bucketURL).Entry(t.Context(), guid, Consumer)
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for name, o := range e.Plugins {
		states[name] = o.State
	}
	return states
}
