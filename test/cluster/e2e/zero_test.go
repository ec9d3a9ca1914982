// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/cutwater-ci/cutwater/test/cluster/forge"
)

// fromZero tells how Cutwater sleeps, is woken by a comment, goes to sleep again,
// and what its clocks' ticks cost.
func fromZero(t *testing.T, w *world) {
	ticks := map[string]int{"sweep": 12, "horologium": 1, "sinker": 1} // an hour, by 700-sources.yaml
	pull := w.openPull(t, "zero")
	w.setSchedules(t, ticks, "0 0 1 1 *") // on New Year's Day
	w.awaitZero(t)

	w.tested(t, "cold", pull, "5 s", "10 s")
	var warm []time.Duration
	for range 10 {
		warm = append(warm, w.comment(t, pull.Pull, "Well done.").Attempts[0].Duration)
	}
	slices.Sort(warm)
	w.tested(t, "warm", pull, "100 ms", "")
	w.figures.note(t, "warm: webhook to answer, median of 10 comments", milliseconds(warm[5]), "100 ms")
	w.figures.note(t, "warm: webhook to answer, slowest of 10 comments", milliseconds(warm[9]), "")

	ended := time.Now()
	w.idleHour(t, ticks)
	var last time.Time
	for _, pod := range w.pods.in(ours) {
		if pod.created.Before(ended) && pod.gone.After(last) {
			last = pod.gone
		}
	}
	w.figures.note(t, "back at zero after the green status", seconds(last.Sub(ended)), "")
	for n, pod := range w.pods.present(ours, func(life) bool { return true }) {
		used := w.memoryOf(t, pod.pod)
		what := fmt.Sprintf("idle: memory of controller replica %d, ", n+1)
		w.figures.note(t, what+"working set", mebibytes(used.working), "64 MiB")
		w.figures.note(t, what+"with all of its program's text", mebibytes(used.mapped), "64 MiB")
		w.figures.note(t, what+"allocated", mebibytes(used.rss), "")
	}
}

// awaitZero waits until there is no pod of Cutwater but the controller's.
func (w *world) awaitZero(t *testing.T) {
	t.Helper()
	await(t, "everything to be scaled to zero", func() string {
		return list(w.pods.present(ours, func(pod life) bool { return pod.function() != "controller" }))
	})
	if controllers := w.pods.present(ours, func(life) bool { return true }); len(controllers) != 2 {
		t.Errorf("got %d pods of the controller when idle, want 2: %s", len(controllers), list(controllers))
	}
}

// tested comments /test all, and notes how long each thing took from then on.
func (w *world) tested(t *testing.T, when string, pull forge.Made, answerAim, podAim string) {
	t.Helper()
	told := w.comment(t, pull.Pull, "/test all")
	if !told.OK() {
		t.Fatalf("hook answered %+v", told.Attempts)
	}
	sent := told.Attempts[0].At
	run := w.started(t, told.GUID, "unit")
	w.green(t, run, pull.SHA)
	green := time.Now()
	w.figures.note(t, when+": webhook to answer", milliseconds(told.Attempts[0].Duration), answerAim)
	for _, pod := range w.pods.in(jobs) {
		if pod.pod.Name == run.Name {
			w.figures.note(t, when+": webhook to pod created", seconds(pod.created.Sub(sent)), podAim)
		}
	}
	w.figures.note(t, when+": webhook to green status", seconds(green.Sub(sent)), "")
}

// idleHour rings each clock once when its function is asleep, and says what an hour of such ticks would cost:
// the sum over the clocks of ticks an hour × the seconds that pods of its
// function are there for one tick, from the creation of the pod to its end.
func (w *world) idleHour(t *testing.T, ticks map[string]int) {
	t.Helper()
	functions := map[string]string{"sweep": "hook", "horologium": "horologium", "sinker": "sinker"}
	await(t, "the functions that have a clock to be scaled to zero", func() string {
		return list(w.pods.present(ours, func(pod life) bool { return slices.Contains(slices.Collect(maps.Values(functions)), pod.function()) }))
	})
	due := time.Now().Truncate(time.Minute).Add(time.Minute)
	if time.Until(due) < 20*time.Second { // so long may a changed schedule take to reach the adapter
		due = due.Add(time.Minute)
	}
	w.setSchedules(t, ticks, fmt.Sprintf("%d * * * *", due.Minute()))
	for source, function := range functions {
		await(t, function+" to be woken by "+source, func() string {
			for _, pod := range w.pods.in(ours) {
				if pod.function() == function && pod.created.After(due) {
					return ""
				}
			}
			return "it is not"
		})
	}
	w.setSchedules(t, ticks, "0 0 1 1 *")
	w.awaitZero(t)
	var hour time.Duration
	for source, function := range functions {
		var awake time.Duration
		for _, pod := range w.pods.in(ours) {
			if pod.function() == function && pod.created.After(due) {
				awake += pod.gone.Sub(pod.created)
			}
		}
		w.figures.note(t, fmt.Sprintf("idle: pod seconds of %s for one tick of %s", function, source), seconds(awake), "")
		hour += time.Duration(ticks[source]) * awake
	}
	w.figures.note(t, "idle: pod minutes an hour = 12 × sweep + horologium + sinker", fmt.Sprintf("%.1f min", hour.Minutes()), "20 min")
}

// setSchedules changes when PingSources ring, until the test ends.
func (w *world) setSchedules(t *testing.T, names map[string]int, line string) {
	t.Helper()
	for name := range names {
		source, err := w.pingSources().Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		before, _, _ := unstructured.NestedString(source.Object, "spec", "schedule")
		w.setSchedule(t, t.Context(), name, line)
		t.Cleanup(func() { w.setSchedule(t, context.WithoutCancel(t.Context()), name, before) })
	}
}

func (w *world) setSchedule(t *testing.T, ctx context.Context, name, line string) {
	t.Helper()
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"schedule": line}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.pingSources().Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Error(err)
	}
}

func (w *world) pingSources() dynamic.ResourceInterface {
	return w.dynamic.Resource(schema.GroupVersionResource{Group: "sources.knative.dev", Version: "v1", Resource: "pingsources"}).Namespace(ours)
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
