// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/local/controlplane"
	"github.com/cutwater-ci/cutwater/local/doctor"
	"github.com/cutwater-ci/cutwater/local/up"
)

// runDoctor runs the command, and returns its exit code and what it prints.
func runDoctor(t *testing.T, args ...string) (code int, out string, err error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	root := New(&stdout, &stderr)
	root.SetArgs(args)
	err = root.ExecuteContext(t.Context())
	return ExitCode(err), stdout.String(), err
}

// TestDoctorFinds says which cluster is examined: the one that is named, and the
// machine that is up where it is named or there is no other.
func TestDoctorFinds(t *testing.T) {
	plane := controlplane.TestPlane(t)
	answers := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer answers.Close()
	running, none := t.TempDir(), t.TempDir()
	kubeconfig := filepath.Join(running, "kubeconfig")
	if err := os.WriteFile(kubeconfig, plane.Kubeconfig, 0o600); err != nil {
		t.Fatal(err)
	}
	connection, err := json.Marshal(up.Connection{Hook: answers.URL, Deck: answers.URL, Forge: answers.URL, Kubeconfig: kubeconfig})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(running, "up.json"), connection, 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(none, "kubeconfig")
	if err := os.WriteFile(other, []byte(`{"apiVersion": "v1", "kind": "Config", "current-context": "away",
"clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}], "contexts": [{"name": "away", "context": {"cluster": "c"}}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBERNETES_SERVICE_HOST", "") // not in a cluster
	t.Setenv("HOME", none)
	const machine, cluster, away = "one machine, ", "https://127.0.0.1:", "http://127.0.0.1:1 does not answer: "
	for _, tc := range []struct {
		name, env, state string // env is KUBECONFIG, state $XDG_STATE_HOME/cutwater
		args             []string
		want             string // how the API server's line begins; empty for an error
	}{
		{"the machine that is named", other, none, []string{"--state", running}, machine},
		{"the machine's kubeconfig", other, running, []string{"--kubeconfig", kubeconfig}, machine},
		{"no other cluster", "", running, nil, machine},
		{"another cluster", other, running, nil, away},
		{"the same API server without its state", kubeconfig, none, nil, cluster},
		{"no cluster at all", "", none, nil, ""},
		{"no such context", other, none, []string{"--context", "nowhere"}, ""},
		{"no such machine", other, none, []string{"--state", none}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			home := t.TempDir()
			if err := os.Symlink(tc.state, filepath.Join(home, "cutwater")); err != nil {
				t.Fatal(err)
			}
			t.Setenv("XDG_STATE_HOME", home)
			t.Setenv("KUBECONFIG", tc.env)
			code, out, err := runDoctor(t, append([]string{"doctor", "--format", "json"}, tc.args...)...)
			if code != 1 {
				t.Errorf("exit code %d, want 1: %v", code, err)
			}
			if tc.want == "" {
				if out != "" {
					t.Errorf("it prints %s", out)
				}
				return
			}
			var report doctor.Report
			if err := json.Unmarshal([]byte(out), &report); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if got := report.Findings[0].Message; !strings.HasPrefix(got, tc.want) {
				t.Errorf("it examines %q, want %q", got, tc.want)
			}
		})
	}
}

func TestDoctorFlags(t *testing.T) {
	if code, _, err := runDoctor(t, "doctor", "--format", "xml"); code != 2 || err == nil || err.Error() != `there is no format "xml"; there are [text json]` {
		t.Errorf("exit code %d, error %v", code, err)
	}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, []byte(`{"apiVersion": "v1", "kind": "Config", "contexts": [{"name": "b"}, {"name": "a"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		line []string
		want []string
	}{
		{[]string{"doctor", "--format", ""}, []string{"text", "json", ":4"}},
		{[]string{"doctor", "--kubeconfig", kubeconfig, "--context", ""}, []string{"a", "b", ":4"}},
		{[]string{"github-app", "create", "--namespace", ""}, []string{"cutwater", ":4"}},
	} {
		if _, out, err := runDoctor(t, append([]string{"__complete"}, tc.line...)...); err != nil || !slices.Equal(strings.Fields(out), tc.want) {
			t.Errorf("%q: %q, %v, want %q", tc.line, strings.Fields(out), err, tc.want)
		}
	}
}
