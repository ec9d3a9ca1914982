// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/cutwater-ci/cutwater/internal/goldens"
	"github.com/cutwater-ci/cutwater/local/controlplane"
)

// idleAfter is when a program that has nothing to do has settled.
const idleAfter = 10 * time.Second

// BenchmarkStart is how long each program takes from exec to healthy with a
// configuration of 1,000 jobs: the median of five.
func BenchmarkStart(b *testing.B) {
	world := newWorld(b)
	for _, name := range longRunning() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var ready []time.Duration
				for range 5 {
					p := start(b, name, world.environment(b, name, 1000))
					ready = append(ready, p.ready)
					p.stop()
				}
				logLoad(b)
				b.ReportMetric(milliseconds(percentile(ready, 50)), "median-ms")
				b.ReportMetric(milliseconds(percentile(ready, 1)), "best-ms")
			}
		})
	}
}

// BenchmarkStartKubernetes is the same with the configuration of Kubernetes'
// own Prow, over 6,000 jobs, and the memory when that is done.
func BenchmarkStartKubernetes(b *testing.B) {
	dir := filepath.Join(goldens.Dir(b), "k8s-test-infra")
	world := newWorld(b)
	for _, name := range longRunning()[1:] { // hook reads none
		b.Run(name, func(b *testing.B) {
			env := world.environment(b, name, 0)
			env["CONFIG_PATH"], env["PLUGIN_CONFIG"] = filepath.Join(dir, "config.yaml"), filepath.Join(dir, "plugins.yaml")
			env["JOB_CONFIG_PATH"] = filepath.Join(dir, "jobs")
			for b.Loop() {
				var ready []time.Duration
				for range 5 {
					p := start(b, name, env)
					ready = append(ready, p.ready)
					b.ReportMetric(p.memory(b, "VmHWM"), "MiB-peak")
					p.stop()
				}
				logLoad(b)
				b.ReportMetric(milliseconds(percentile(ready, 50)), "median-ms")
				b.ReportMetric(milliseconds(percentile(ready, 1)), "best-ms")
			}
		})
	}
}

// BenchmarkIdle is the memory of each program some seconds after it became
// healthy and while nothing happens.
func BenchmarkIdle(b *testing.B) {
	world := newWorld(b)
	for _, name := range longRunning() {
		for _, jobs := range []int{0, 1000} {
			if jobs > 0 && (name == "hook" || name == "controller") {
				continue // they read none
			}
			b.Run(fmt.Sprintf("%s/jobs=%d", name, jobs), func(b *testing.B) {
				for b.Loop() {
					p := start(b, name, world.environment(b, name, jobs))
					pause(b, idleAfter)
					b.ReportMetric(p.memory(b, "VmRSS"), "MiB-idle")
					b.ReportMetric(p.memory(b, "RssAnon"), "MiB-idle-anonymous")
					b.ReportMetric(p.memory(b, "VmHWM"), "MiB-peak")
					p.stop()
				}
			})
		}
	}
}

// BenchmarkSize is how big the program files are, without symbols.
func BenchmarkSize(b *testing.B) {
	entries, err := os.ReadDir(programs())
	if err != nil {
		b.Fatal(err)
	}
	for _, entry := range entries {
		b.Run(entry.Name(), func(b *testing.B) {
			for b.Loop() {
				info, err := entry.Info()
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(info.Size())/(1<<20), "MiB-file")
			}
		})
	}
}

// longRunning are the programs that stay up and answer health checks.
func longRunning() []string { return []string{"hook", "plugins", "deck", "controller"} }

// world is what the programs need around them: an API server, and something at
// GitHub's and the broker's addresses.
type world struct {
	dir, kubeconfig, far string
}

func newWorld(b *testing.B) world {
	b.Helper()
	plane := controlplane.TestPlane(b)
	for _, name := range []string{"cutwater", "test-pods"} {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if _, err := kubernetes.NewForConfigOrDie(plane.Config).CoreV1().Namespaces().Create(b.Context(), namespace, metav1.CreateOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"login":"bot","id":1}`)
	}))
	b.Cleanup(far.Close)
	dir := b.TempDir()
	return world{dir: dir, kubeconfig: write(b, dir, "kubeconfig", string(plane.Kubeconfig)), far: far.URL}
}

// environment is all that the program reads, with a configuration of so many jobs.
func (w world) environment(b *testing.B, name string, jobs int) map[string]string {
	b.Helper()
	dir := b.TempDir()
	env := hookEnvironment(b, dir, w.far)
	if name == "hook" {
		return env
	}
	maps.Copy(env, map[string]string{
		"KUBECONFIG": w.kubeconfig, "GITHUB_ENDPOINT": w.far, "LEADER_ELECTION": "off",
		"CONFIG_PATH":       write(b, dir, "config.yaml", configYAML),
		"PLUGIN_CONFIG":     write(b, dir, "plugins.yaml", "plugins:\n  org:\n    plugins: [trigger, hold]\n"),
		"GITHUB_TOKEN_PATH": write(b, dir, "token", "token"),
	})
	if jobs > 0 {
		env["JOB_CONFIG_PATH"] = writeJobs(b, dir, jobs)
	}
	return env
}

const configYAML = `prowjob_namespace: cutwater
pod_namespace: test-pods
plank:
  default_decoration_config_entries:
  - config:
      timeout: 1h
      grace_period: 15s
      utility_images: {clonerefs: c, initupload: i, entrypoint: e, sidecar: s}
      gcs_configuration: {bucket: file:///results, path_strategy: explicit}
`

// writeJobs makes a folder with so many jobs, twenty a file as people have them.
func writeJobs(b *testing.B, dir string, jobs int) string {
	b.Helper()
	const perFile = 20
	for file := range jobs / perFile {
		var text strings.Builder
		fmt.Fprintf(&text, "presubmits:\n  org/repo-%d:\n", file)
		for n := range perFile {
			fmt.Fprintf(&text, jobYAML, file, n)
		}
		write(b, dir, fmt.Sprintf("jobs/repo-%d.yaml", file), text.String())
	}
	return filepath.Join(dir, "jobs")
}

const jobYAML = `  - name: pull-repo-%[1]d-job-%[2]d
    always_run: false
    run_if_changed: '^(pkg|cmd)/part-%[2]d/'
    decorate: true
    max_concurrency: 5
    branches: [main, 'release-\d+\.\d+']
    labels: {preset-service-account: "true", preset-dind: "true"}
    annotations: {testgrid-dashboards: org-repo-%[1]d, testgrid-tab-name: job-%[2]d, description: Runs part %[2]d.}
    decoration_config: {timeout: 90m, grace_period: 10m}
    spec:
      serviceAccountName: builder
      containers:
      - image: registry.example/images/builder:v20260101-0123456789
        command: [runner.sh]
        args: [make, test, PART=part-%[2]d]
        env: [{name: GOFLAGS, value: -mod=mod}, {name: PART, value: part-%[2]d}]
        securityContext: {privileged: true}
        resources: {requests: {cpu: "4", memory: 8Gi}, limits: {cpu: "4", memory: 8Gi}}
`
