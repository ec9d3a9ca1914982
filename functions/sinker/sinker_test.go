// SPDX-License-Identifier: Apache-2.0

package sinker

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	"github.com/cutwater-ci/cutwater/local/controlplane"
)

func TestSinker(t *testing.T) {
	plane := controlplane.TestPlane(t)
	for name, test := range map[string]func(*world){
		"cleans": cleans, "one cluster is away": clusterAway, "what changes meanwhile stays": changed,
		"what is left is done by the next": cutShort, "ProwJobs cannot be listed": unlisted,
	} {
		t.Run(name, func(t *testing.T) { test(newWorld(t, plane.Config)) })
	}
	t.Run("from its environment", func(t *testing.T) { fromEnvironment(newWorld(t, plane.Config), plane.Kubeconfig) })
}

func cleans(w *world) {
	const hour, day = time.Hour, 24 * time.Hour
	w.run("goes-on", prowv1.PresubmitJob, "unit", 3*day, -1)
	w.run("last-night", prowv1.PeriodicJob, "nightly", 3*day, 3*day)
	w.run("night-before", prowv1.PeriodicJob, "nightly", 4*day, 4*day)
	w.run("old", prowv1.PresubmitJob, "unit", 3*day, 3*day)
	w.run("young", prowv1.BatchJob, "unit", hour, hour/2)
	w.pod("ended", ours("last-night"), hour)
	w.pod("goes-on", ours("goes-on"), 3*day)
	w.pod("kept", ours("nobody"), day, reporterFinalizer)
	w.pod("lost", ours("nobody"), hour)
	w.pod("old", ours("young"), 2*day)
	w.pod("somebody-elses", map[string]string{prowv1.IDLabel: "nobody"}, 9*day)
	w.pod("young", map[string]string{prowv1.CreatedByProwLabel: "true"}, hour)

	if got := w.tick(w.Context()); got != http.StatusAccepted {
		w.Errorf("answered %d, want 202", got)
	}
	left := []string{"goes-on", "last-night", "young"}
	w.wantLeft(left, []string{"goes-on", "somebody-elses", "young"})
	w.wantMetrics(
		`sinker_pods_existing 6`,
		`sinker_pods_removed{reason="aged"} 1`,
		`sinker_pods_removed{reason="orphaned"} 2`,
		`sinker_pods_removed{reason="ttled"} 1`,
		`sinker_prow_jobs_cleaned{reason="aged"} 1`,
		`sinker_prow_jobs_cleaned{reason="aged-periodic"} 1`,
		`sinker_prow_jobs_existing 5`,
	)
	if got := w.tick(w.Context()); got != http.StatusAccepted {
		w.Errorf("the second time answered %d, want 202", got)
	}
	w.wantLeft(left, []string{"goes-on", "somebody-elses", "young"})
	w.wantMetrics(
		`sinker_pods_existing 2`,
		`sinker_prow_jobs_existing 3`,
	)
}

// fromEnvironment is the function as its main makes it, with the ages and the periodics of files.
func fromEnvironment(w *world, kubeconfig []byte) {
	dir := w.TempDir()
	files := map[string]string{
		"KUBECONFIG":      string(kubeconfig),
		"CONFIG_PATH":     fmt.Sprintf("prowjob_namespace: %s\npod_namespace: %s\nsinker: {max_prowjob_age: 24h}\n", w.jobs, w.pods),
		"JOB_CONFIG_PATH": `periodics: [{name: nightly, interval: 24h, spec: {containers: [{image: alpine}]}}]`,
	}
	env := map[string]string{}
	for variable, content := range files {
		env[variable] = filepath.Join(dir, variable+".yaml")
		write(w, env[variable], content)
	}
	w.run("last-night", prowv1.PeriodicJob, "nightly", 72*time.Hour, 72*time.Hour)
	w.run("old", prowv1.PeriodicJob, "gone", 72*time.Hour, 72*time.Hour)
	w.run("young", prowv1.PeriodicJob, "gone", 12*time.Hour, 12*time.Hour)
	lookup := envconfig.MapLookuper(env).Lookup
	handler, err := New(w.Context(), lookup)
	if err != nil {
		w.Fatal(err)
	}
	r := httptest.NewRequestWithContext(w.Context(), http.MethodPost, "/", strings.NewReader("{}"))
	r.Header = pingHeader()
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	if answer.Code != http.StatusAccepted || answer.Body.Len() > 0 {
		w.Errorf("answered %d %q, want 202 and nothing", answer.Code, answer.Body)
	}
	w.wantLeft([]string{"last-night", "young"}, []string{})
	delete(env, "CONFIG_PATH")
	if _, err := New(w.Context(), lookup); err == nil || !strings.Contains(err.Error(), "CONFIG_PATH") {
		w.Errorf("without CONFIG_PATH: got %v, want an error about it", err)
	}
}

// A build cluster that cannot be reached costs no other's cleaning, and has it
// tried again; one that is excluded is not asked.
func clusterAway(w *world) {
	nowhere := kubernetes.NewForConfigOrDie(&rest.Config{Host: "http://127.0.0.1:1"})
	other := httptest.NewServer(http.NotFoundHandler()) // what is there now is no API server
	defer other.Close()
	elsewhere := kubernetes.NewForConfigOrDie(&rest.Config{Host: other.URL})
	w.clusters = slices.Concat([]cluster{{"away", nowhere}, {"moved", elsewhere}}, w.clusters, []cluster{{"excluded", nowhere}})
	w.run("old", prowv1.PresubmitJob, "unit", 72*time.Hour, 72*time.Hour)
	w.pod("lost", ours("nobody"), time.Hour)
	if got := w.tick(w.Context()); got != http.StatusInternalServerError {
		w.Errorf("answered %d, want 500", got)
	}
	w.wantLeft([]string{}, []string{})
	w.wantMetrics(
		`sinker_pod_removal_errors{reason="NotFound"} 1`,
		`sinker_pod_removal_errors{reason="Unknown"} 1`,
		`sinker_pods_existing 1`,
		`sinker_pods_removed{reason="orphaned"} 1`,
		`sinker_prow_jobs_cleaned{reason="aged"} 1`,
		`sinker_prow_jobs_existing 1`,
	)
}

// A ProwJob that changes, and a pod whose name is another's by the time, are
// not what was decided about.
func changed(w *world) {
	w.run("old", prowv1.PresubmitJob, "unit", 72*time.Hour, 72*time.Hour)
	w.pod("lost", ours("nobody"), time.Hour)
	prow := versioned.NewForConfigOrDie(w.config).ProwV1().ProwJobs(w.jobs)
	meanwhile := func(r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/prowjobs/old") {
			if _, err := prow.Patch(w.Context(), "old", types.MergePatchType, []byte(`{"status":{"description":"news"}}`), metav1.PatchOptions{}); err != nil {
				w.Error(err)
			}
			return
		}
		if err := w.kube.CoreV1().Pods(w.pods).Delete(w.Context(), "lost", metav1.DeleteOptions{}); err != nil {
			w.Error(err)
		}
		w.pod("lost", ours("nobody"), 0)
	}
	w.beforeEachDelete.Store(&meanwhile)
	if got := w.tick(w.Context()); got != http.StatusAccepted {
		w.Errorf("answered %d, want 202", got)
	}
	w.wantLeft([]string{"old"}, []string{"lost"})
	w.beforeEachDelete.Store(nil)
	if got := w.tick(w.Context()); got != http.StatusAccepted {
		w.Errorf("answered %d, want 202", got)
	}
	w.wantLeft([]string{}, []string{})
}

// A cleaning that ends in the middle, as when its time is up or its instance is
// deleted, has done part of the work, and nothing else. There are more ProwJobs than fit a page.
func cutShort(w *world) {
	const n = page + 20
	for i := range n {
		w.run(fmt.Sprintf("old-%03d", i), prowv1.PresubmitJob, "unit", 72*time.Hour, 72*time.Hour)
	}
	w.run("goes-on", prowv1.PresubmitJob, "unit", 72*time.Hour, -1)
	ctx, cancel := context.WithCancel(w.Context())
	defer cancel()
	var deletes atomic.Int64
	end := func(*http.Request) {
		if deletes.Add(1) > n/2 {
			cancel()
		}
	}
	w.beforeEachDelete.Store(&end)
	if got := w.tick(ctx); got != http.StatusInternalServerError {
		w.Errorf("answered %d, want 500", got)
	}
	runs, err := w.listRuns(w.Context(), w.jobs)
	if err != nil {
		w.Fatal(err)
	}
	if len(runs) == 1 || len(runs) == n+1 {
		w.Errorf("%d ProwJobs are left, want some gone and some left", len(runs))
	}
	w.beforeEachDelete.Store(nil)
	if got := w.tick(w.Context()); got != http.StatusAccepted {
		w.Errorf("answered %d, want 202", got)
	}
	w.wantLeft([]string{"goes-on"}, []string{})
}

// Without all ProwJobs nothing is known to be over.
func unlisted(w *world) {
	w.pod("lost", ours("nobody"), time.Hour)
	w.prow = versioned.NewForConfigOrDie(&rest.Config{Host: "http://127.0.0.1:1"})
	if got := w.tick(w.Context()); got != http.StatusInternalServerError {
		w.Errorf("answered %d, want 500", got)
	}
	w.wantLeft([]string{}, []string{"lost"})
}
