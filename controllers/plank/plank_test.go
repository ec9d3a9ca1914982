// SPDX-License-Identifier: Apache-2.0

package plank_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/local/controlplane"
	"github.com/cutwater-ci/cutwater/podutils/decorate"
)

// TestPlank is stories of ProwJobs, against a real API server.
func TestPlank(t *testing.T) {
	config := controlplane.Test(t)
	for _, story := range []struct {
		name string
		tell func(*world)
	}{
		{"success", success},
		{"failure", failure},
		{"other agents and scheduling are left alone", leftAlone},
		{"one at a time, oldest first", oneAtATime},
		{"global limit and queues", globalLimit},
		{"limits when work begins", limitsAtFirst},
		{"an outdated run is aborted", duplicate},
		{"an abort deletes the pod", abort},
		{"an abort while the pod is created", abortMidway},
		{"evictions are counted, then are an error", evictions},
		{"eviction with error_on_eviction", errorOnEviction},
		{"a counted pod that lingers is counted once", lingering},
		{"out of memory", outOfMemory},
		{"a deleted pod", deletedPod},
		{"a pod that vanished is made again", vanishedPod},
		{"timeouts by the clock", timeouts},
		{"a timeout is noticed at once", timeoutOnTime},
		{"an invalid pod", invalidPod},
		{"a job without a pod spec", noPodSpec},
		{"somebody else's pod of the name", foreignPod},
		{"an unknown cluster", unknownCluster},
		{"adoption after a restart", adoption},
		{"what happened while plank was away", whileAway},
		{"a status that could not be written", lostPatch},
		{"the API server is away", serverAway},
	} {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			story.tell(newWorld(t, config))
		})
	}
}

func success(w *world) {
	w.start()
	w.run("happy")
	pod := w.podOf("happy", nil)
	pj := w.untilState("happy", prowv1.PendingState)
	want := prowv1.ProwJobStatus{
		State: prowv1.PendingState, StartTime: pj.Status.StartTime, PendingTime: pj.Status.PendingTime,
		Description: "Job triggered.", PodName: "happy",
		BuildID: pod.Labels[prowv1.BuildIDLabel], URL: "https://prow.example/" + pod.Labels[prowv1.BuildIDLabel],
	}
	if diff := cmp.Diff(want, pj.Status); diff != "" || pj.Status.PendingTime == nil || pj.Status.BuildID == "" {
		w.Fatalf("status (-want +got):\n%s", diff)
	}
	if pod.Labels[prowv1.PlankVersionLabel] != "test" || pod.Labels[prowv1.IDLabel] != "happy" {
		w.Errorf("the pod's labels are %v, want plank-version test and id happy", pod.Labels)
	}
	w.kubelet(pod, corev1.PodRunning)
	w.kubelet(pod, corev1.PodSucceeded, exit(0))
	w.ends("happy", prowv1.SuccessState, "Job succeeded.")
	if again := w.podOf("happy", nil); again.UID != pod.UID {
		w.Errorf("the run has another pod, %s instead of %s", again.UID, pod.UID)
	}
}

func failure(w *world) {
	w.start()
	w.run("sad")
	w.kubelet(w.podOf("sad", nil), corev1.PodFailed, exit(1))
	w.ends("sad", prowv1.FailureState, "Job failed.")
}

func leftAlone(w *world) {
	w.run("jenkins", func(pj *prowv1.ProwJob) { pj.Spec.Agent = prowv1.JenkinsAgent })
	w.run("scheduling", func(pj *prowv1.ProwJob) { pj.Status.State = prowv1.SchedulingState })
	w.start()
	w.run("last")
	w.podOf("last", nil)
	pods, err := w.kube.CoreV1().Pods(w.namespace).List(w.Context(), metav1.ListOptions{})
	if err != nil || len(pods.Items) != 1 {
		w.Errorf("there are %d pods (%v), want only that of the last run", len(pods.Items), err)
	}
	w.patchJob("scheduling", `{"status":{"state":"triggered"}}`)
	w.podOf("scheduling", nil)
}

func oneAtATime(w *world) {
	const runs = 6
	start := time.Now().Add(-time.Hour)
	for _, i := range []int{3, 0, 5, 1, 4, 2} {
		w.run(fmt.Sprint("run-", i), func(pj *prowv1.ProwJob) {
			pj.Spec.MaxConcurrency = 1
			pj.Status.StartTime = metav1.NewTime(start.Add(time.Duration(i) * time.Second))
		})
	}
	w.start()
	for i := range runs {
		name := fmt.Sprint("run-", i)
		pod := w.podOf(name, nil)
		w.untilState(name, prowv1.PendingState)
		if got := w.names(prowv1.PendingState); !slices.Equal(got, []string{name}) {
			w.Fatalf("pending are %v, want only %s", got, name)
		}
		began := time.Now()
		w.kubelet(pod, corev1.PodSucceeded, exit(0))
		if i < runs-1 {
			w.podOf(fmt.Sprint("run-", i+1), nil)
			if took := time.Since(began); took > 5*time.Second {
				w.Errorf("the next run started after %v; that was the fallback, not the event", took)
			}
		}
	}
}

func globalLimit(w *world) {
	settings := *w.settings.Load()
	settings.MaxConcurrency = 3
	settings.QueueCapacities = map[string]int{"narrow": 1, "closed": 0}
	w.settings.Store(&settings)
	w.start()
	const runs = 12
	for i := range runs {
		w.run(fmt.Sprint("run-", i), func(pj *prowv1.ProwJob) {
			pj.Spec.Job = fmt.Sprint("job-", i%5)
			if i%3 == 0 {
				pj.Spec.JobQueueName = "narrow"
			}
		})
	}
	w.run("never", func(pj *prowv1.ProwJob) { pj.Spec.JobQueueName = "closed" })
	for ended := range runs {
		var pending []string
		w.eventually(func() (bool, string) {
			pending = w.names(prowv1.PendingState)
			return len(pending) > 0, fmt.Sprintf("waiting for a run to start after %d ended", ended)
		})
		if len(pending) > 3 {
			w.Fatalf("%d runs are pending, want 3 at most: %v", len(pending), pending)
		}
		narrow := slices.DeleteFunc(slices.Clone(pending), func(name string) bool { return w.job(name).Spec.JobQueueName == "" })
		if len(narrow) > 1 {
			w.Fatalf("%v are pending, of a queue of one", narrow)
		}
		w.kubelet(w.podOf(pending[0], nil), corev1.PodSucceeded, exit(0))
		w.untilState(pending[0], prowv1.SuccessState)
	}
	if pj := w.job("never"); pj.Status.State != prowv1.TriggeredState {
		w.Errorf("the run of the closed queue is %s, want triggered", pj.Status.State)
	}
}

// limitsAtFirst begins to work while the news of what the cache shows have not been heard of yet.
func limitsAtFirst(w *world) {
	limited := func(pj *prowv1.ProwJob) { pj.Spec.MaxConcurrency = 1 }
	pending := func(pj *prowv1.ProwJob) { pj.Status.State = prowv1.PendingState }
	w.run("old", limited, pending)
	w.run("next", limited)
	heard := make(chan struct{})
	var reads atomic.Int32
	w.reads = func() {
		if reads.Add(1) == 1 { // since the old run ended
			<-heard
		}
	}
	w.synced = func(jobs cache.Store) {
		w.patchJob("old", `{"status":{"state":"success","completionTime":"2026-01-01T00:00:00Z"}}`)
		w.eventually(func() (bool, string) { return reads.Load() == 1, "waiting for the end of the old run to be heard of" })
		w.run("other", limited, pending, func(pj *prowv1.ProwJob) { pj.Status.StartTime = metav1.NewTime(time.Now().Add(-time.Hour)) })
		w.eventually(func() (bool, string) {
			_, there, err := jobs.GetByKey(w.namespace + "/other")
			return there, fmt.Sprintf("waiting for the cache to have the other run: %v", err)
		})
	}
	w.start()
	w.eventually(func() (bool, string) { return reads.Load() > 1, "waiting for the next run to be looked at" })
	close(heard)
	other := w.podOf("other", nil)
	w.until("other", "the pod's record", func(pj *prowv1.ProwJob) bool { return pj.Status.PodName != "" })
	if got := w.names(prowv1.PendingState); !slices.Equal(got, []string{"other"}) {
		w.Fatalf("pending are %v, want only other", got)
	}
	w.kubelet(other, corev1.PodSucceeded, exit(0))
	w.ends("other", prowv1.SuccessState, "Job succeeded.")
	w.podOf("next", nil)
}

func duplicate(w *world) {
	w.start()
	presubmit := func(started time.Time) func(*prowv1.ProwJob) {
		return func(pj *prowv1.ProwJob) {
			pj.Spec.Type = prowv1.PresubmitJob
			pj.Spec.Refs = &prowv1.Refs{Org: "org", Repo: "repo", BaseRef: "main", Pulls: []prowv1.Pull{{Number: 1, SHA: "a"}}}
			pj.Status.StartTime = metav1.NewTime(started)
		}
	}
	now := time.Now()
	w.run("z-old", presubmit(now.Add(-time.Minute)))
	w.podOf("z-old", nil)
	w.untilState("z-old", prowv1.PendingState)
	w.run("a-new", presubmit(now))
	old := w.ends("z-old", prowv1.AbortedState, "Job triggered.")
	if got := old.Status.PrevReportStates["github-reporter"]; got != prowv1.AbortedState {
		w.Errorf("the old run's report state is %q, want aborted, so that GitHub is not told", got)
	}
	w.podGone("z-old")
	w.kubelet(w.podOf("a-new", nil), corev1.PodSucceeded, exit(0))
	w.ends("a-new", prowv1.SuccessState, "Job succeeded.")
}

func abort(w *world) {
	w.start()
	w.run("stop")
	w.podOf("stop", nil)
	w.untilState("stop", prowv1.PendingState)
	w.patchJob("stop", `{"status":{"state":"aborted","description":"Aborted by ann."}}`)
	w.ends("stop", prowv1.AbortedState, "Aborted by ann.")
	w.podGone("stop")

	w.run("stopped", func(pj *prowv1.ProwJob) { pj.Status.State = prowv1.AbortedState })
	w.ends("stopped", prowv1.AbortedState, "")
}

func abortMidway(w *world) {
	var once atomic.Bool
	w.pod = func(pj *prowv1.ProwJob) (*corev1.Pod, error) {
		if once.CompareAndSwap(false, true) {
			w.patchJob(pj.Name, `{"status":{"state":"aborted"}}`)
		}
		return decorate.Pod(pj, decorate.Options{})
	}
	w.start()
	w.run("stop")
	pj := w.ends("stop", prowv1.AbortedState, "")
	w.podGone("stop")
	if !once.Load() || pj.Status.PendingTime != nil {
		w.Errorf("the abort did not come midway: status %+v", pj.Status)
	}
}

// names lists the runs in a state.
func (w *world) names(state prowv1.ProwJobState) []string {
	w.Helper()
	list, err := w.prow.ProwV1().ProwJobs(w.namespace).List(w.Context(), metav1.ListOptions{})
	if err != nil {
		w.Fatalf("listing ProwJobs: %v", err)
	}
	var names []string
	for _, pj := range list.Items {
		if pj.Status.State == state {
			names = append(names, pj.Name)
		}
	}
	return names
}

// exit ends a container.
func exit(code int32) func(*corev1.PodStatus) {
	return func(s *corev1.PodStatus) {
		s.ContainerStatuses = append(s.ContainerStatuses, corev1.ContainerStatus{
			Name:  "test",
			State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, FinishedAt: metav1.Now()}},
		})
	}
}

func because(reason string) func(*corev1.PodStatus) {
	return func(s *corev1.PodStatus) { s.Reason = reason }
}

// failing makes a transport fail where the function returns an error.
func failing(fail func(*http.Request) error) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if err := fail(r); err != nil {
				return nil, err
			}
			return next.RoundTrip(r)
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
