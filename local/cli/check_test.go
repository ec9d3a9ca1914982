// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// checked is a configuration with one warning, in the working folder.
func checked(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"config.yaml":      "sinkr: {}\n",
		"broken.yaml":      "sinker: [1]\n",
		"clusters.yaml":    "plank:\n  build_cluster_status_file: clusters.json\n",
		"clusters.json":    `{"builder": "Reachable"}`,
		"jobs/a.yaml":      "presubmits:\n  org/repo:\n  - name: unit\n    agent: jenkins\n",
		"repo/.prow.yaml":  "presubmits:\n- name: bad name\n  agent: jenkins\n",
		"more/plugins.any": "plugins: {org: {plugins: [nonsense]}}\n",
		"plugins.yaml":     "plugins: {org: {plugins: [trigger, hold]}}\n",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCheck runs command lines: what they print, the error if there is one, and the exit code.
func TestCheck(t *testing.T) {
	const (
		oddKey  = "config.yaml:1:1: warning: sinkr: is not known; did you mean sinker? [unknown-fields]\n"
		oneOdd  = "0 errors, 1 warning, 0 notices\n"
		nothing = "0 errors, 0 warnings, 0 notices\n"
	)
	checked(t)
	for _, tc := range []struct {
		line string
		code int
		want string
		err  string
	}{
		{"--config config.yaml", 0, oddKey + oneOdd, ""},
		{"--config-path config.yaml --job-config-path jobs --plugin-config plugins.yaml", 0, oddKey + oneOdd, ""},
		{"--config config.yaml --strict", 1, oddKey + oneOdd, "the configuration has warnings, and --strict is given"},
		{"--config config.yaml --strict --exclude-warning unknown-fields", 0, strings.Replace(strings.Replace(oddKey, "warning:", "notice:", 1), " [unknown-fields]", "", 1) + "0 errors, 0 warnings, 1 notice\n", ""},
		{"--config config.yaml --format github", 0, "::warning file=config.yaml,line=1,col=1,title=unknown-fields::sinkr: is not known; did you mean sinker?\n" + oneOdd, ""},
		{"--config broken.yaml", 1, "broken.yaml:1:1: error: sinker: is a list, want a mapping\n1 error, 0 warnings, 0 notices\n", "the configuration has errors"},
		{"--config clusters.yaml --jobs jobs", 0, "jobs/a.yaml:3:5: warning: presubmits[org/repo][0].cluster: presubmit unit: there is no cluster \"default\" [validate-cluster-field]\n" + oneOdd, ""},
		{"--config clusters.yaml --jobs jobs --required-job-annotations owner --exclude-warnings validate-cluster-field", 0, "jobs/a.yaml:3:5: warning: presubmits[org/repo][0].annotations: presubmit unit: the annotation owner is missing [required-job-annotations]\n" + oneOdd, ""},
		{"--config clusters.yaml --jobs jobs --exclude-warning validate-cluster-field --prow-yaml-repo-name org/repo --prow-yaml-path repo/.prow.yaml", 1, "repo/.prow.yaml:2:3: error: presubmits[0].name: presubmit bad name: \"bad name\" does not match ^[A-Za-z0-9-._]([A-Za-z0-9-._/]*[A-Za-z0-9-_])?$ [prow-yaml]\n1 error, 0 warnings, 0 notices\n", "the configuration has errors"},
		{"--config clusters.yaml --plugins plugins.yaml --supplemental-plugin-config-dir more --supplemental-plugin-configs-filename-suffix .any", 1, "notice: these checks are not run, because of errors in what they look at: mismatched-tide, validate-owners, missing-trigger, validate-urls, validate-label, validate-config-updater-acls, unknown-plugins\nmore/plugins.any:1:11: error: plugins[org]: is in another file too\n1 error, 0 warnings, 1 notice\n", "the configuration has errors"},
		{"--config clusters.yaml --strict", 0, nothing, ""},
		{"", 2, "", "--config must be given"},
		{"--config config.yaml more", 2, "", `unknown command "more" for "cutwater check"`},
		{"--config config.yaml --stric", 2, "", "unknown flag: --stric"},
		{"--config config.yaml --format xml", 2, "", `there is no format "xml"; there are [text json github]`},
		{"--config config.yaml --warnings unknown-field", 2, "", `there is no check "unknown-field"; did you mean unknown-fields?`},
		{"--config config.yaml --prow-yaml-path .prow.yaml", 2, "", "--prow-yaml-path needs --prow-yaml-repo-name"},
	} {
		out, err := runCheck(t, strings.Fields(tc.line)...)
		if code := ExitCode(err); code != tc.code {
			t.Errorf("%q: exit code %d, want %d", tc.line, code, tc.code)
		}
		if diff := cmp.Diff(tc.want, out); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tc.line, diff)
		}
		if message := messageOf(err); message != tc.err {
			t.Errorf("%q: error %q, want %q", tc.line, message, tc.err)
		}
	}
}

func messageOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func runCheck(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, notes bytes.Buffer
	root := New(&out, &notes)
	root.SetArgs(append([]string{"check"}, args...))
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// The file that says which clusters there are need not be there yet, but it must be what it should.
func TestCheckClusters(t *testing.T) {
	checked(t)
	check := func() string {
		t.Helper()
		out, err := runCheck(t, "--config", "clusters.yaml", "--jobs", "jobs")
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(out, "\n")
		return first
	}
	if err := os.WriteFile("clusters.json", []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	const prefix = "clusters.yaml:2:3: "
	if got := check(); !strings.HasPrefix(got, prefix+"warning: ") || !strings.Contains(got, "cannot unmarshal") {
		t.Errorf("a broken file: %s", got)
	}
	if err := os.Remove("clusters.json"); err != nil {
		t.Fatal(err)
	}
	if got := check(); !strings.HasPrefix(got, prefix+"notice: ") || !strings.Contains(got, "no such file") {
		t.Errorf("a missing file: %s", got)
	}
}

// Credentials that are missing do not make the file in the bucket a missing one.
func TestCheckClustersWithoutCredentials(t *testing.T) {
	f := factsFlags{storage: blob.Credentials{GCSFile: filepath.Join(t.TempDir(), "none.json")}}
	if _, err := f.clusters(t.Context(), "gs://bucket/clusters.json"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want an error of another kind than a missing file's", err)
	}
}

// A bucket that anybody may read needs no credentials; of another one the machine's own are used.
func TestCheckClustersInPublicBucket(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Errorf("%s: credentials were sent", r.URL)
		}
		switch r.URL.Path {
		case "/public/a/clusters.json":
			_, _ = w.Write([]byte(`{"build": "Reachable"}`))
		case "/large/clusters.json":
			_, _ = w.Write(bytes.Repeat([]byte(" "), maxPublic+1))
		case "/broken/clusters.json":
			w.WriteHeader(http.StatusBadGateway)
		case "/private/clusters.json":
			w.WriteHeader(http.StatusForbidden)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none.json"))
	f := factsFlags{publicGCS: server.URL}
	clusters, err := f.clusters(t.Context(), "gs://public/a/clusters.json")
	if err != nil || clusters["build"] != "Reachable" {
		t.Errorf("got %v and %v", clusters, err)
	}
	for file, want := range map[string]string{
		"gs://public/none.json":      "file does not exist: gs://public/none.json",
		"gs://large/clusters.json":   "gs://large/clusters.json is larger than 16777216 bytes",
		"gs://broken/clusters.json":  "reading gs://broken/clusters.json: 502 Bad Gateway",
		"gs://private/clusters.json": "none.json: no such file or directory",
	} {
		if _, err := f.clusters(t.Context(), file); err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, fs.ErrNotExist) != strings.HasPrefix(want, "file does not exist") {
			t.Errorf("%s: got error %v, want %s", file, err, want)
		}
	}
}

// The shell completes the names of checks.
func TestCheckCompletion(t *testing.T) {
	var out, notes bytes.Buffer
	root := New(&out, &notes)
	root.SetArgs([]string{"__complete", "check", "--warnings", "long"})
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "\nlong-job-names\tJobs of ") {
		t.Errorf("got %s", out.String())
	}
}
