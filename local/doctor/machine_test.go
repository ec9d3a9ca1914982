// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/cutwater-ci/cutwater/local/controlplane"
	"github.com/cutwater-ci/cutwater/local/doctor"
)

// TestWithoutKnative looks at a cluster that has nothing yet.
func TestWithoutKnative(t *testing.T) {
	config := controlplane.Test(t)
	report := doctor.Examine(t.Context(), doctor.Options{Config: config, Namespace: "default"})
	want := map[string]string{
		"Knative Serving":  "Knative Serving is not installed – install it: https://knative.dev/docs/install/",
		"Knative Eventing": "Knative Eventing is not installed – install it: https://knative.dev/docs/install/",
		"functions":        "the cluster knows no Knative Services – ",
		"broker":           "the cluster knows no Brokers – ",
		"sources":          "the cluster knows no SinkBindings – ",
	}
	for _, f := range report.Findings {
		if line, ok := want[f.Check]; ok && f.Message+" – "+f.Mend != line {
			t.Errorf("%s: %s – %s, want %s", f.Check, f.Message, f.Mend, line)
		}
		delete(want, f.Check)
	}
	if len(want) > 0 {
		t.Errorf("nothing is said of %v", want)
	}
}

// TestMachine examines what `cutwater up` leaves of an installation to a cluster.
func TestMachine(t *testing.T) {
	c := newCluster(t)
	c.install(t, "one", nil)
	dir := t.TempDir()
	for path, content := range map[string]string{
		"config/config.yaml":   "prowjob_namespace: one\npod_namespace: one-pods\n",
		"plugins/plugins.yaml": "plugins:\n  org: {plugins: [hold]}\n",
		"job-config/.keep":     "",
	} {
		file := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bucket := t.TempDir()
	machine := &doctor.Machine{Hook: c.hook, Deck: c.hook, Forge: c.forge.URL(), Bucket: "file://" + bucket, ConfigMaps: dir}
	_, lines := c.examine(t.Context(), t, doctor.Options{Namespace: "one", Machine: machine})
	lines[0], _, _ = strings.Cut(lines[0], "https://")
	for i := range lines {
		lines[i] = strings.ReplaceAll(strings.ReplaceAll(c.plain(lines[i], "case"), bucket, "BUCKET"), "HOOK, deck at HOOK", "HOOK, deck too")
	}
	skipped := "this is one machine, where `cutwater up` does what Knative does"
	for _, want := range []string{
		"ok | API server | one machine, ",
		"ok | rights | you may look at everything",
		"not checked | Knative Serving | " + skipped,
		"not checked | triggers | " + skipped,
		"ok | configuration | loads, with 0 jobs",
		"ok | functions | hook answers at HOOK, deck too",
		"ok | bucket | file://BUCKET: objects are created once, read and deleted, with your own credentials",
		"not checked | GitHub | this machine's GitHub is its own, at FORGE",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q in\n%s", want, strings.Join(lines, "\n"))
		}
	}
	for _, line := range lines {
		if strings.HasPrefix(line, "problem") || strings.HasPrefix(line, "warning") {
			t.Error(line)
		}
	}
	machine.Deck = "http://127.0.0.1:1"
	_, lines = c.examine(t.Context(), t, doctor.Options{Namespace: "one", Machine: machine})
	if want := "problem      functions         deck does not answer at http://127.0.0.1:1: "; !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, want) }) {
		t.Errorf("no line begins with %q:\n%s", want, strings.Join(lines, "\n"))
	}
	entries, err := os.ReadDir(filepath.Join(bucket, "inbox", "doctor"))
	if diff := cmp.Diff(0, len(entries)); diff != "" {
		t.Errorf("left in the bucket: %v, %v", entries, err)
	}
}

// TestSlow holds the examination to its time, and to telling what takes long.
func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		never := roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		begin := time.Now()
		report := doctor.Examine(t.Context(), doctor.Options{
			Config: &rest.Config{Host: "http://nowhere", Transport: never}, Namespace: "cutwater", Timeout: 10 * time.Second,
			Progress: func(check string) { told = append(told, check) },
		})
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("it took %v", took)
		}
		if diff := cmp.Diff([]string{"API server"}, told); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if report.Problems() != 1 {
			t.Errorf("%+v", report)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
