// SPDX-License-Identifier: Apache-2.0

package horologium

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/local/controlplane"
	"github.com/cutwater-ci/cutwater/triggers/schedule"
)

func TestHorologium(t *testing.T) {
	plane := controlplane.TestPlane(t)
	t.Run("timetable", func(t *testing.T) { timetable(newWorld(t, plane.Config, "scheduler: {enabled: true}")) })
	t.Run("late", func(t *testing.T) { late(newWorld(t, plane.Config, "")) })
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

// late counts from when a run could be started: a run that took long makes the next one none.
func late(w *world) {
	w.rings(w.horologium, "10:31:00")
	w.rings(w.horologium, "11:30:00")
	w.set("11:40:00")
	w.ends("hourly", prowv1.SuccessState) // due again since 11:31
	w.rings(w.horologium, "11:41:00")
	// flaky and hourly at once, half-past after a second, hourly a minute after its end.
	if got := w.metric("late_seconds"); got != 62 {
		w.Errorf("runs were %v s late, want 62", got)
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
	counted := map[string]float64{"started": w.metric("started_total"), "refused": w.metric("refused_total"), "failed": w.metric("failed_total")}
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
