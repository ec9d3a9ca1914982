// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/triggers/schedule"
)

const (
	// clock is the periodic of this story.
	clock = "clock"
	// adapter is Knative's deployment that rings PingSources; reconciler starts it again.
	adapter, reconciler = "pingsource-mt-adapter", "eventing-controller"
)

// periodic tells of a job that is due twice. The first time Knative rings; the
// second time who rings is away, for a minute longer, and it is made up for, once.
func periodic(t *testing.T, w *world) {
	rings := time.Now().UTC().Truncate(time.Minute).Add(3 * time.Minute)
	lost := rings.Add(3 * time.Minute) // who rings is to be away by then
	w.setPeriodic(t, fmt.Sprintf("%d,%d * * * *", rings.Minute(), lost.Minute()))
	first := w.scheduled(t, rings)
	w.figures.note(t, "periodic: due to run started", seconds(first.CreationTimestamp.Sub(rings)), "")

	w.scale(t, reconciler, 0)
	w.awaitPods(t, reconciler, 0) // or it would undo what follows
	w.scale(t, adapter, 0)
	w.awaitPods(t, adapter, 0)
	if stopped := time.Now(); !stopped.Before(lost) {
		t.Fatalf("it took until %v to stop what rings, too late for the run of %v", stopped, lost)
	}
	await(t, "a minute without rings after the run is due", func() string {
		if left := time.Until(lost.Add(time.Minute)); left > 0 {
			return left.String()
		}
		return ""
	})
	if early := w.runs(t, func(pj *prowv1.ProwJob) bool { return pj.Spec.Job == clock && due(pj).Equal(lost) }); len(early) > 0 {
		t.Errorf("%s was started at %v although nobody rang", early[0].Name, early[0].CreationTimestamp)
	}
	w.scale(t, reconciler, 1)
	w.scale(t, adapter, 1)
	w.awaitPods(t, adapter, 1)
	back := time.Now()
	late := w.scheduled(t, lost)
	w.figures.note(t, "periodic: who rings is back, to the lost run started", seconds(time.Since(back)), "")

	// The next rings find nothing to do.
	ended := w.ended(t, late)
	w.removePeriodic(t, t.Context())
	await(t, "horologium to be scaled to zero", func() string {
		return list(w.pods.present(ours, func(pod life) bool { return pod.function() == "horologium" }))
	})
	var got []time.Time
	for _, pj := range w.runs(t, func(pj *prowv1.ProwJob) bool { return pj.Spec.Job == clock && !due(pj).Before(rings) }) {
		got = append(got, due(pj))
	}
	slices.SortFunc(got, time.Time.Compare)
	if want := []time.Time{rings, lost}; !slices.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("got runs for %v, want one for each of %v", got, want)
	}
	if ended.Status.State != prowv1.SuccessState {
		t.Errorf("the run that was made up for is %s: %s", ended.Status.State, ended.Status.Description)
	}
}

// due is when a run of a periodic was due.
func due(pj *prowv1.ProwJob) time.Time {
	at, _ := time.Parse(time.RFC3339, pj.Annotations[schedule.ScheduledAnnotation]) // others' have none
	return at
}

// scheduled waits for the run that was due then.
func (w *world) scheduled(t *testing.T, at time.Time) (found *prowv1.ProwJob) {
	t.Helper()
	await(t, fmt.Sprintf("the run of %v", at), func() string {
		all := w.runs(t, func(pj *prowv1.ProwJob) bool { return pj.Spec.Job == clock })
		for _, pj := range all {
			if due(pj).Equal(at) {
				found = pj
				return ""
			}
		}
		return fmt.Sprintf("there is none among %d", len(all))
	})
	return found
}

// ended waits until a run is complete.
func (w *world) ended(t *testing.T, run *prowv1.ProwJob) (now *prowv1.ProwJob) {
	t.Helper()
	await(t, "the end of "+run.Spec.Job, func() string {
		var err error
		if now, err = w.prowjobs.Get(run.Name); err != nil {
			return err.Error()
		}
		if !now.Complete() {
			return fmt.Sprintf("it is %s: %s", now.Status.State, now.Status.Description)
		}
		return ""
	})
	return now
}

// jobConfig is the ConfigMap of job files, and clockFile the file of this story there.
const jobConfig, clockFile = "job-config", "clock.yaml"

// setPeriodic adds the periodic to the job files until the test ends.
func (w *world) setPeriodic(t *testing.T, line string) {
	t.Helper()
	content, err := yaml.Marshal(map[string]any{"periodics": []any{map[string]any{
		"name": clock, "cron": line, "decorate": false,
		"spec": map[string]any{"containers": []any{map[string]any{"image": w.shell(t), "command": []string{"true"}}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	w.setJobFile(t, t.Context(), string(content))
	t.Cleanup(func() { w.removePeriodic(t, context.WithoutCancel(t.Context())) })
}

func (w *world) removePeriodic(t *testing.T, ctx context.Context) {
	t.Helper()
	w.setJobFile(t, ctx, nil)
}

// setJobFile changes the story's job file, nil removes it. Kubelet brings a
// ConfigMap's change to pods that run within a minute and a half, and at once to
// those that are changed themselves.
func (w *world) setJobFile(t *testing.T, ctx context.Context, content any) {
	t.Helper()
	patch, err := json.Marshal(map[string]any{"data": map[string]any{clockFile: content}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.kube.CoreV1().ConfigMaps(ours).Patch(ctx, jobConfig, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	patch = fmt.Appendf(nil, `{"metadata":{"annotations":{"e2e":"%d"}}}`, time.Now().UnixNano())
	for _, pod := range w.pods.present(ours, func(life) bool { return true }) {
		_, err := w.kube.CoreV1().Pods(ours).Patch(ctx, pod.pod.Name, types.MergePatchType, patch, metav1.PatchOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Fatal(err)
		}
	}
}

// shell is the image of the jobs, which the installation has put into the job files.
func (w *world) shell(t *testing.T) string {
	t.Helper()
	files, err := w.kube.CoreV1().ConfigMaps(ours).Get(t.Context(), jobConfig, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var jobs struct {
		Presubmits map[string][]struct {
			Spec struct{ Containers []struct{ Image string } }
		}
	}
	if err := yaml.Unmarshal([]byte(files.Data["jobs.yaml"]), &jobs); err != nil {
		t.Fatal(err)
	}
	for _, presubmits := range jobs.Presubmits {
		return presubmits[0].Spec.Containers[0].Image
	}
	t.Fatal("there are no jobs")
	return ""
}

// scale changes the replicas of a deployment of Knative Eventing until the test ends.
func (w *world) scale(t *testing.T, deployment string, replicas int) {
	t.Helper()
	set := func(ctx context.Context, replicas int) {
		patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas)
		if _, err := w.kube.AppsV1().Deployments(eventing).Patch(ctx, deployment, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			t.Error(err)
		}
	}
	set(t.Context(), replicas)
	if replicas == 0 {
		t.Cleanup(func() { set(context.WithoutCancel(t.Context()), 1) })
	}
}

// awaitPods waits until so many pods of a deployment of Knative Eventing are
// ready, and no others there.
func (w *world) awaitPods(t *testing.T, deployment string, want int) {
	t.Helper()
	await(t, fmt.Sprintf("%d pods of %s", want, deployment), func() string {
		pods := w.pods.present(eventing, func(pod life) bool { return pod.of(deployment) })
		ready := slices.DeleteFunc(slices.Clone(pods), func(pod life) bool { return pod.ready.IsZero() })
		if len(pods) == want && len(ready) == want {
			return ""
		}
		return fmt.Sprintf("there are: %s", list(pods))
	})
}
