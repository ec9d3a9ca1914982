// SPDX-License-Identifier: Apache-2.0

package horologium

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
)

const jobsYAML = `
periodics:
- name: hourly
  interval: 1h
  labels: {team: a}
  spec: {containers: [{image: alpine}]}
- name: half-past
  cron: "30 * * * *"
  spec: {containers: [{image: alpine}]}
- name: flaky
  minimum_interval: 24h
  retry: {attempts: 1, interval: 10m}
  spec: {containers: [{image: alpine}]}
`

// world is a namespace of a real API server, and a clock.
type world struct {
	testing.TB
	*horologium
	namespace string
	rest      *rest.Config
	clock     time.Time
	registry  *prometheus.Registry              // of the first replica
	fails     func(*http.Request, string) error // or answers refused
}

var errRefused = errors.New("refused")

func newWorld(t testing.TB, plane *rest.Config, configYAML string) *world {
	t.Helper()
	w := &world{TB: t, rest: rest.CopyConfig(plane), clock: time.Date(2026, 3, 10, 10, 0, 0, 0, time.UTC)}
	w.rest.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) { return w.roundTrip(next, r) })
	})
	w.horologium = w.replica()
	ns, err := w.kube.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "horologium-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.namespace = ns.Name
	c, err := config.Load(t.Context(), config.Files{
		Config: write(t, "config.yaml", "prowjob_namespace: "+w.namespace+"\n"+configYAML),
		Jobs:   write(t, "jobs.yaml", jobsYAML),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.config = func() *config.Config { return c }
	return w
}

// replica is another process.
func (w *world) replica() *horologium {
	w.Helper()
	registry := prometheus.NewRegistry()
	h := &horologium{metrics: newMetrics(registry), now: func() time.Time { return w.clock }}
	if w.horologium == nil {
		w.registry = registry
	} else {
		h.config = w.config
	}
	if err := h.connect(w.rest); err != nil {
		w.Fatal(err)
	}
	return h
}

// metric is what the first replica has counted, or the sum of what it observed.
func (w *world) metric(name string) float64 {
	w.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		w.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "cutwater_horologium_"+name {
			metric := family.GetMetric()[0]
			return metric.GetCounter().GetValue() + metric.GetHistogram().GetSampleSum()
		}
	}
	w.Fatalf("there is no metric %s", name)
	return 0
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// roundTrip fails requests to create ProwJobs as w.fails says.
func (w *world) roundTrip(next http.RoundTripper, r *http.Request) (*http.Response, error) {
	if w.fails == nil || r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/prowjobs") {
		return next.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if err := w.fails(r, string(body)); errors.Is(err, errRefused) {
		return &http.Response{
			StatusCode: http.StatusUnprocessableEntity, Request: r, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(strings.NewReader(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422}`)),
		}, nil
	} else if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	return next.RoundTrip(r)
}

// rings sends the event of a PingSource at a time of the clock, and returns the status.
func (w *world) rings(h *horologium, clock string) int {
	w.Helper()
	w.set(clock)
	r := httptest.NewRequestWithContext(w.Context(), http.MethodPost, "/", nil)
	r.Header = http.Header{
		"Ce-Specversion": {"1.0"}, "Ce-Id": {"1"}, "Ce-Type": {"dev.knative.sources.ping"}, "Ce-Source": {"/apis/v1/namespaces/cutwater/pingsources/horologium-10"},
	}
	answer := httptest.NewRecorder()
	h.handler().ServeHTTP(answer, r)
	if answer.Body.Len() > 0 {
		w.Errorf("the answer has a body: %s", answer.Body)
	}
	return answer.Code
}

func (w *world) set(clock string) {
	w.Helper()
	t, err := time.Parse(time.DateTime, "2026-03-10 "+clock)
	if err != nil {
		w.Fatal(err)
	}
	w.clock = t
}

// runs are "job start attempt state" of each run, in order of start and name.
func (w *world) runs() []string {
	w.Helper()
	list, err := w.prow.ProwV1().ProwJobs(w.namespace).List(w.Context(), metav1.ListOptions{})
	if err != nil {
		w.Fatal(err)
	}
	var got []string
	for _, pj := range list.Items {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", pj.Status.StartTime.UTC().Format(time.TimeOnly), pj.Spec.Job, pj.Status.State, pj.Labels[prowv1.ReRunLabel])))
	}
	slices.Sort(got)
	return got
}

// ends ends all runs of a job.
func (w *world) ends(job string, state prowv1.ProwJobState) {
	w.Helper()
	list, err := w.prow.ProwV1().ProwJobs(w.namespace).List(w.Context(), metav1.ListOptions{})
	if err != nil {
		w.Fatal(err)
	}
	for i := range list.Items {
		pj := &list.Items[i]
		if pj.Spec.Job != job || pj.Complete() {
			continue
		}
		pj.Status.State = state
		pj.SetComplete(w.clock)
		if _, err := w.prow.ProwV1().ProwJobs(w.namespace).Update(w.Context(), pj, metav1.UpdateOptions{}); err != nil {
			w.Fatal(err)
		}
	}
}

func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
