// SPDX-License-Identifier: Apache-2.0

package sinker

import (
	"context"
	"net/http"
	"net/http/httptest"
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
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"knative.dev/pkg/logging"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/deploy"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	"github.com/cutwater-ci/cutwater/internal/function"
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
