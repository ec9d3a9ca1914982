// SPDX-License-Identifier: Apache-2.0

package sinker

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zaptest"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"knative.dev/pkg/logging"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/deploy"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	"github.com/cutwater-ci/cutwater/internal/function"
	"github.com/cutwater-ci/cutwater/local/controlplane"
	"github.com/cutwater-ci/cutwater/local/manifests"
)

// later is how far sinker's clock is ahead of the API server's, so that pods are old at once.
const later = time.Hour

// world is namespaces of a real API server, and a sinker for them.
type world struct {
	testing.TB
	*sinker
	config           *rest.Config
	kube             kubernetes.Interface
	jobs, pods       string
	registry         *prometheus.Registry
	beforeEachDelete atomic.Pointer[func(*http.Request)]
}

func newWorld(tb testing.TB, kubernetesConfig *rest.Config) *world {
	tb.Helper()
	kubernetesConfig = rest.CopyConfig(kubernetesConfig)
	kubernetesConfig.QPS = -1
	w := &world{TB: tb, config: kubernetesConfig, kube: kubernetes.NewForConfigOrDie(kubernetesConfig), registry: prometheus.NewRegistry()}
	for _, name := range []*string{&w.jobs, &w.pods} {
		namespace, err := w.kube.CoreV1().Namespaces().Create(tb.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "world-"}}, metav1.CreateOptions{})
		if err != nil {
			tb.Fatal(err)
		}
		*name = namespace.Name
	}
	snapshot := &config.Config{ProwJobNamespace: w.jobs, PodNamespace: w.pods, Jobs: &jobs.Jobs{
		Periodics: []jobs.Periodic{{JobBase: jobs.JobBase{Name: "nightly"}}},
	}}
	snapshot.Sinker.MaxProwJobAge = &prowv1.Duration{Duration: 48 * time.Hour}
	snapshot.Sinker.MaxPodAge = &prowv1.Duration{Duration: 24 * time.Hour}
	snapshot.Sinker.TerminatedPodTTL = &prowv1.Duration{Duration: 24 * time.Hour}
	snapshot.Sinker.ExcludeClusters = []string{"excluded"}
	w.sinker = &sinker{
		config:  func() *config.Config { return snapshot },
		metrics: newMetrics(w.registry),
		now:     func() time.Time { return time.Now().Add(later) },
	}
	own := rest.CopyConfig(kubernetesConfig)
	own.Impersonate.UserName = "system:serviceaccount:" + w.jobs + ":sinker"
	w.authorize(own.Impersonate.UserName)
	own.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if do := w.beforeEachDelete.Load(); do != nil && r.Method == http.MethodDelete {
				(*do)(r)
			}
			return next.RoundTrip(r)
		})
	})
	if err := w.connect(own); err != nil {
		tb.Fatal(err)
	}
	return w
}

// authorize gives the user what deploy/ gives to sinker, and no more.
func (w *world) authorize(user string) {
	w.Helper()
	set, err := manifests.Load(deploy.Files)
	if err != nil {
		w.Fatal(err)
	}
	for _, role := range set.Roles {
		if role.Name != "sinker" {
			continue
		}
		namespace := map[string]string{"cutwater": w.jobs, "test-pods": w.pods}[role.Namespace]
		role.Namespace = namespace
		if _, err := w.kube.RbacV1().Roles(namespace).Create(w.Context(), role, metav1.CreateOptions{}); err != nil {
			w.Fatal(err)
		}
		binding := &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: role.Name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
		}
		if _, err := w.kube.RbacV1().RoleBindings(namespace).Create(w.Context(), binding, metav1.CreateOptions{}); err != nil {
			w.Fatal(err)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// run makes a run that started, and ended, so long ago by sinker's clock.
func (w *world) run(name string, kind prowv1.ProwJobType, job string, started, ended time.Duration) *prowv1.ProwJob {
	w.Helper()
	pj := ran(name, kind, job, started, ended)
	shift := w.now().Sub(now)
	pj.Status.StartTime.Time = pj.Status.StartTime.Add(shift)
	if pj.Complete() {
		pj.Status.CompletionTime.Time = pj.Status.CompletionTime.Add(shift)
	}
	made, err := versioned.NewForConfigOrDie(w.config).ProwV1().ProwJobs(w.jobs).Create(w.Context(), pj, metav1.CreateOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return made
}

// pod makes a pod for a run, started so long ago by sinker's clock.
func (w *world) pod(name string, labels map[string]string, started time.Duration, finalizers ...string) {
	w.Helper()
	pods := w.kube.CoreV1().Pods(w.pods)
	pod, err := pods.Create(w.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels, Finalizers: finalizers},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "test", Image: "alpine"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		w.Fatal(err)
	}
	pod.Status.StartTime = &metav1.Time{Time: w.now().Add(-started)}
	if _, err := pods.UpdateStatus(w.Context(), pod, metav1.UpdateOptions{}); err != nil {
		w.Fatal(err)
	}
}

func ours(run string) map[string]string {
	return map[string]string{prowv1.CreatedByProwLabel: "true", prowv1.IDLabel: run}
}

// pingHeader is what a PingSource sends, besides "{}".
func pingHeader() http.Header {
	return http.Header{
		"Ce-Specversion": {"1.0"}, "Ce-Type": {"dev.knative.sources.ping"}, "Ce-Id": {"1"},
		"Ce-Source": {"/apis/v1/namespaces/cutwater/pingsources/sinker"}, "Content-Type": {"application/json"},
	}
}

// tick sends the event that a PingSource would, and returns the answer.
func (w *world) tick(ctx context.Context) int {
	w.Helper()
	r := httptest.NewRequestWithContext(logging.WithLogger(ctx, zaptest.NewLogger(w).Sugar()), http.MethodPost, "/", strings.NewReader("{}"))
	r.Header = pingHeader()
	answer := httptest.NewRecorder()
	function.Handler(w.handler(), w.registry).ServeHTTP(answer, r)
	return answer.Code
}

// wantLeft checks which ProwJobs and pods there are.
func (w *world) wantLeft(wantRuns, wantPods []string) {
	w.Helper()
	runs, err := versioned.NewForConfigOrDie(w.config).ProwV1().ProwJobs(w.jobs).List(w.Context(), metav1.ListOptions{})
	if err != nil {
		w.Fatal(err)
	}
	pods, err := w.kube.CoreV1().Pods(w.pods).List(w.Context(), metav1.ListOptions{})
	if err != nil {
		w.Fatal(err)
	}
	gotRuns, gotPods := []string{}, []string{}
	for _, run := range runs.Items {
		gotRuns = append(gotRuns, run.Name)
	}
	for _, pod := range pods.Items {
		gotPods = append(gotPods, pod.Name)
	}
	if diff := cmp.Diff(wantRuns, gotRuns); diff != "" {
		w.Errorf("ProwJobs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantPods, gotPods); diff != "" {
		w.Errorf("pods (-want +got):\n%s", diff)
	}
}

// wantMetrics checks all of sinker's metrics but how long it took.
func (w *world) wantMetrics(want ...string) {
	w.Helper()
	answer := httptest.NewRecorder()
	function.Handler(w.handler(), w.registry).ServeHTTP(answer, httptest.NewRequestWithContext(w.Context(), http.MethodGet, "/metrics", http.NoBody))
	var got []string
	for line := range strings.Lines(answer.Body.String()) {
		if strings.HasPrefix(line, "sinker_") && !strings.HasPrefix(line, "sinker_loop_duration_seconds") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("metrics (-want +got):\n%s", diff)
	}
}

func TestSinker(t *testing.T) {
	kubernetesConfig := controlplane.Test(t)
	for name, test := range map[string]func(*world){
		"cleans": cleans, "one cluster is away": clusterAway, "what changes meanwhile stays": changed,
		"what is left is done by the next": cutShort, "ProwJobs cannot be listed": unlisted,
	} {
		t.Run(name, func(t *testing.T) { test(newWorld(t, kubernetesConfig)) })
	}
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

// A build cluster that cannot be reached costs no other's cleaning, and has it
// tried again; one that is excluded is not asked.
func clusterAway(w *world) {
	nowhere := kubernetes.NewForConfigOrDie(&rest.Config{Host: "http://127.0.0.1:1"})
	w.clusters = slices.Concat([]cluster{{"away", nowhere}}, w.clusters, []cluster{{"excluded", nowhere}})
	w.run("old", prowv1.PresubmitJob, "unit", 72*time.Hour, 72*time.Hour)
	w.pod("lost", ours("nobody"), time.Hour)
	if got := w.tick(w.Context()); got != http.StatusInternalServerError {
		w.Errorf("answered %d, want 500", got)
	}
	w.wantLeft([]string{}, []string{})
	w.wantMetrics(
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
