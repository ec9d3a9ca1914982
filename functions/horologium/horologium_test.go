// SPDX-License-Identifier: Apache-2.0

package horologium

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/local/controlplane"
	"github.com/cutwater-ci/cutwater/triggers/schedule"
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
	*testing.T
	*horologium
	namespace string
	rest      *rest.Config
	clock     time.Time
	registry  *prometheus.Registry // of the first replica
	fails     func(*http.Request, string) error // or answers refused
}

var errRefused = errors.New("refused")

func newWorld(t *testing.T, plane *rest.Config, configYAML string) *world {
	t.Helper()
	w := &world{T: t, rest: rest.CopyConfig(plane), clock: time.Date(2026, 3, 10, 10, 0, 0, 0, time.UTC)}
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

// counter is what the first replica has counted.
func (w *world) counter(name string) float64 {
	w.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		w.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "cutwater_horologium_"+name+"_total" {
			return family.GetMetric()[0].GetCounter().GetValue()
		}
	}
	w.Fatalf("there is no metric of what was %s", name)
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

func TestHorologium(t *testing.T) {
	plane := controlplane.TestPlane(t)
	t.Run("timetable", func(t *testing.T) { timetable(newWorld(t, plane.Config, "scheduler: {enabled: true}")) })
	t.Run("failures", func(t *testing.T) { failures(newWorld(t, plane.Config, "")) })
	t.Run("two at once", func(t *testing.T) { twoAtOnce(newWorld(t, plane.Config, "")) })
	t.Run("record", func(t *testing.T) { lostRecord(newWorld(t, plane.Config, "")) })
	t.Run("environment", func(t *testing.T) { environment(t, plane) })
}

// timetable is some hours of three periodics.
func timetable(w *world) {
	var want []string
	for _, step := range []struct {
		clock string
		end   string // a job whose runs end before
		state prowv1.ProwJobState
		want  []string // new runs
	}{
		{"10:00:00", "", "", []string{"10:00:01 flaky scheduling", "10:00:01 hourly scheduling"}},
		{"10:00:03", "", "", nil},
		{"10:20:00", "flaky", prowv1.FailureState, []string{"10:20:01 flaky scheduling 1"}},
		{"10:30:00", "hourly", prowv1.SuccessState, []string{"10:30:01 half-past scheduling"}},
		{"10:59:58", "half-past", prowv1.SuccessState, nil},
		{"10:59:59", "flaky", prowv1.FailureState, []string{"11:00:00 hourly scheduling"}}, // whose clock is a second behind
		{"14:40:00", "hourly", prowv1.SuccessState, []string{"14:40:01 half-past scheduling", "14:40:01 hourly scheduling"}},
		{"14:41:00", "half-past", prowv1.SuccessState, nil},
	} {
		w.set(step.clock)
		if step.end != "" {
			w.ends(step.end, step.state)
		}
		for range 2 { // the second event is nothing
			if code := w.rings(w.replica(), step.clock); code != http.StatusAccepted {
				w.Fatalf("%s: the answer is %d", step.clock, code)
			}
		}
		want = append(want, step.want...)
		slices.Sort(want)
		got := w.runs()
		for i := range got { // ended ones are told by their start alone
			got[i] = strings.NewReplacer("success", "scheduling", "failure", "scheduling").Replace(got[i])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			w.Fatalf("at %s (-want +got):\n%s", step.clock, diff)
		}
	}
	list, err := w.prow.ProwV1().ProwJobs(w.namespace).List(w.Context(), metav1.ListOptions{LabelSelector: "team=a"})
	if err != nil || len(list.Items) != 3 {
		w.Fatalf("got %d runs of hourly by its label (%v), want 3", len(list.Items), err)
	}
	for _, pj := range list.Items {
		if pj.Annotations[schedule.ScheduledAnnotation] == "" || pj.Spec.PodSpec == nil {
			w.Errorf("%s has annotations %v and pod %v", pj.Name, pj.Annotations, pj.Spec.PodSpec)
		}
	}
}

// failures keep nothing else from starting, and are made up for.
func failures(w *world) {
	w.fails = func(_ *http.Request, body string) error {
		switch {
		case strings.Contains(body, `"hourly"`):
			return errors.New("no connection")
		case strings.Contains(body, `"flaky"`):
			return errRefused
		}
		return nil
	}
	for range 2 {
		if code := w.rings(w.horologium, "10:30:00"); code != http.StatusInternalServerError {
			w.Errorf("a run could not be started, and the answer is %d", code)
		}
	}
	if diff := cmp.Diff([]string{"10:30:01 half-past triggered"}, w.runs()); diff != "" {
		w.Errorf("runs (-want +got):\n%s", diff)
	}
	if _, err := w.kube.CoreV1().ConfigMaps(w.namespace).Get(w.Context(), schedule.RecordName, metav1.GetOptions{}); err == nil {
		w.Error("all is said to be worked off")
	}
	counted := map[string]float64{"started": w.counter("started"), "refused": w.counter("refused"), "failed": w.counter("failed")}
	if diff := cmp.Diff(map[string]float64{"started": 1, "refused": 2, "failed": 2}, counted); diff != "" {
		w.Errorf("metrics (-want +got):\n%s", diff)
	}
	w.fails = nil
	if code := w.rings(w.horologium, "10:33:00"); code != http.StatusAccepted {
		w.Errorf("when it is mended the answer is %d", code)
	}
	want := []string{"10:30:01 half-past triggered", "10:33:01 flaky triggered", "10:33:01 hourly triggered"}
	if diff := cmp.Diff(want, w.runs()); diff != "" {
		w.Errorf("when it is mended (-want +got):\n%s", diff)
	}
}

// twoAtOnce has many processes look at the same moment, each several times.
func twoAtOnce(w *world) {
	if code := w.rings(w.horologium, "10:00:00"); code != http.StatusAccepted {
		w.Fatal(code)
	}
	w.ends("hourly", prowv1.SuccessState)
	w.set("11:30:00")
	var group sync.WaitGroup
	for range 8 {
		h := w.replica()
		group.Go(func() {
			if err := h.tick(w.Context(), h.config(), w.clock); err != nil {
				w.Error(err)
			}
		})
	}
	group.Wait()
	want := []string{"10:00:01 flaky triggered", "10:00:01 hourly success", "11:30:00 half-past triggered", "11:30:00 hourly triggered"}
	if diff := cmp.Diff(want, w.runs()); diff != "" {
		w.Errorf("runs (-want +got):\n%s", diff)
	}
}

// lostRecord is a record that somebody has spoilt: cron lines begin anew.
func lostRecord(w *world) {
	w.rings(w.horologium, "10:00:00")
	client := w.kube.CoreV1().ConfigMaps(w.namespace)
	cm, err := client.Get(w.Context(), schedule.RecordName, metav1.GetOptions{})
	if err != nil {
		w.Fatal(err)
	}
	cm.Data = map[string]string{"worked": "never"}
	if _, err := client.Update(w.Context(), cm, metav1.UpdateOptions{}); err != nil {
		w.Fatal(err)
	}
	for _, step := range []struct {
		clock string
		want  int
	}{{"10:45:00", 2}, {"11:30:00", 3}} {
		if code := w.rings(w.horologium, step.clock); code != http.StatusAccepted {
			w.Errorf("the answer is %d", code)
		}
		if got := w.runs(); len(got) != step.want {
			w.Errorf("at %s there are %v, want %d", step.clock, got, step.want)
		}
	}
}

// environment is the function as its main makes it.
func environment(t *testing.T, plane *controlplane.ControlPlane) {
	w := newWorld(t, plane.Config, "")
	good := map[string]string{
		"CONFIG_PATH":     write(t, "config.yaml", "prowjob_namespace: "+w.namespace),
		"JOB_CONFIG_PATH": write(t, "jobs.yaml", jobsYAML),
		"KUBECONFIG":      write(t, "kubeconfig", string(plane.Kubeconfig)),
	}
	make := func(key, value string) (http.Handler, error) {
		return New(t.Context(), func(name string) (string, bool) {
			if name == key {
				return value, true
			}
			v, ok := good[name]
			return v, ok
		})
	}
	for key, value := range map[string]string{"CONFIG_PATH": "", "KUBECONFIG": "/nowhere", "JOB_CONFIG_PATH": write(t, "bad.yaml", `periodics: [{name: a, cron: "x"}]`)} {
		if _, err := make(key, value); err == nil {
			t.Errorf("%s is %q, and there is no error", key, value)
		}
	}
	handler, err := make("", "")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, tc := range []struct {
		method string
		want   int
	}{{http.MethodGet, http.StatusMethodNotAllowed}, {http.MethodPost, http.StatusAccepted}} {
		r, err := http.NewRequestWithContext(ctx, tc.method, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"Ce-Specversion": "1.0", "Ce-Type": "t", "Ce-Id": "1", "Ce-Source": "s"} {
			r.Header.Set(name, value)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != tc.want {
			t.Errorf("%s: the answer is %d, want %d", tc.method, response.StatusCode, tc.want)
		}
	}
	if got := w.runs(); len(got) < 2 { // the third, if it is half past
		t.Errorf("got runs %v, want those of the two that never ran", got)
	}
}
