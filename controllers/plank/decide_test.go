// SPDX-License-Identifier: Apache-2.0

package plank

import (
	"errors"
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/controllers/plank/resources"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) *metav1.Time { return &metav1.Time{Time: noon.Add(-d)} }

var testSettings = Settings{
	MaxRevivals:        3,
	UnscheduledTimeout: 5 * time.Minute,
	PendingTimeout:     10 * time.Minute,
	RunningTimeout:     48 * time.Hour,
}

// job is a run in a state, with build ID 1, and changes to it.
func job(state prowv1.ProwJobState, changes ...func(*prowv1.ProwJob)) *prowv1.ProwJob {
	pj := &prowv1.ProwJob{
		ObjectMeta: metav1.ObjectMeta{Name: "run", Namespace: "default"},
		Spec:       prowv1.ProwJobSpec{Type: prowv1.PeriodicJob, Agent: prowv1.KubernetesAgent, Job: "unit"},
		Status:     prowv1.ProwJobStatus{State: state, BuildID: "1"},
	}
	for _, change := range changes {
		change(pj)
	}
	return pj
}

// podIn is a pod in a phase, with UID pod-1 and build ID 1, and changes to it.
func podIn(phase corev1.PodPhase, changes ...func(*corev1.Pod)) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "run", UID: "pod-1", CreationTimestamp: *ago(time.Minute),
			Labels: map[string]string{prowv1.IDLabel: "run", prowv1.BuildIDLabel: "1"},
		},
		Status: corev1.PodStatus{Phase: phase},
	}
	for _, change := range changes {
		change(pod)
	}
	return pod
}

func complete(pj *prowv1.ProwJob)        { pj.SetComplete(noon) }
func errorOnEviction(pj *prowv1.ProwJob) { pj.Spec.ErrorOnEviction = true }
func deleted(pod *corev1.Pod)            { pod.DeletionTimestamp = ago(time.Second) }
func buildTwo(pod *corev1.Pod)           { pod.Labels[prowv1.BuildIDLabel] = "2" }

func revived(times int) func(*prowv1.ProwJob) {
	return func(pj *prowv1.ProwJob) { pj.Status.PodRevivalCount = times }
}

func replaced(uid string) func(*prowv1.ProwJob) {
	return func(pj *prowv1.ProwJob) { pj.Annotations = map[string]string{ReplacedPodAnnotation: uid} }
}

func ownTimeouts(d time.Duration) func(*prowv1.ProwJob) {
	return func(pj *prowv1.ProwJob) {
		own := &metav1.Duration{Duration: d}
		pj.Spec.DecorationConfig = &prowv1.DecorationConfig{PodUnscheduledTimeout: own, PodPendingTimeout: own, PodRunningTimeout: own}
	}
}

func reason(r string) func(*corev1.Pod) { return func(pod *corev1.Pod) { pod.Status.Reason = r } }

func created(d time.Duration) func(*corev1.Pod) {
	return func(pod *corev1.Pod) { pod.CreationTimestamp = *ago(d) }
}

func started(d time.Duration) func(*corev1.Pod) {
	return func(pod *corev1.Pod) { pod.Status.StartTime = ago(d) }
}

func terminated(code int32, reason string, finished *metav1.Time) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		end := &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason}
		if finished != nil {
			end.FinishedAt = *finished
		}
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{State: corev1.ContainerState{Terminated: end}})
	}
}

func initTerminated(code int32, reason string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		end := &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason}
		pod.Status.InitContainerStatuses = append(pod.Status.InitContainerStatuses, corev1.ContainerStatus{State: corev1.ContainerState{Terminated: end}})
	}
}

func stillRunning(pod *corev1.Pod) {
	pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}})
}

func waiting(pod *corev1.Pod) {
	pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}}})
}

// neverBegan is the end of an init container that says that it began in 1970.
func neverBegan(code int32, reason string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		initTerminated(code, reason)(pod)
		pod.Status.InitContainerStatuses[0].State.Terminated.StartedAt = metav1.Unix(0, 0)
	}
}

// known adds an init container that the node's runtime has.
func known(pod *corev1.Pod) {
	pod.Status.InitContainerStatuses = append(pod.Status.InitContainerStatuses,
		corev1.ContainerStatus{ContainerID: "containerd://1", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}}})
}

// sandbox says whether the pod has a sandbox, and for how long that has been so.
func sandbox(has corev1.ConditionStatus, d time.Duration) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Status.Conditions = append(pod.Status.Conditions,
			corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionTrue},
			corev1.PodCondition{Type: corev1.PodReadyToStartContainers, Status: has, LastTransitionTime: *ago(d)})
	}
}

// slim is the pod as plank's informer keeps it.
func slim(t *testing.T, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	if pod == nil {
		return nil
	}
	kept, err := resources.SlimPod(pod)
	if err != nil {
		t.Fatal(err)
	}
	return kept.(*corev1.Pod)
}

func TestDecide(t *testing.T) {
	const (
		triggered, pending, aborted = prowv1.TriggeredState, prowv1.PendingState, prowv1.AbortedState
		success, failure, errored   = prowv1.SuccessState, prowv1.FailureState, prowv1.ErrorState
	)
	ends := func(state prowv1.ProwJobState, description string) step {
		return step{do: finish, state: state, description: description}
	}
	endsAndStops := func(state prowv1.ProwJobState, description string) step {
		return step{do: finish, state: state, description: description, deletePod: true}
	}
	const unfinished = "Pod was in succeeded phase but some containers didn't finish"
	for _, tc := range []struct {
		name string
		job  *prowv1.ProwJob
		pod  *corev1.Pod
		want step
	}{
		{"triggered", job(triggered), nil, step{do: start}},
		{"triggered, but the pod is there", job(triggered), podIn(corev1.PodPending), step{do: adopt}},
		{"triggered, but the pod has ended", job(triggered), podIn(corev1.PodSucceeded), step{do: adopt}},
		{"aborted", job(aborted), nil, step{do: cancel}},
		{"aborted, with a pod", job(aborted), podIn(corev1.PodRunning), step{do: cancel}},
		{"a state of another version", job("waiting"), nil, step{do: wait}},

		{"complete", job(success, complete), podIn(corev1.PodSucceeded), step{do: wait}},
		{"complete, pod gone", job(errored, complete), nil, step{do: wait}},
		{"complete, but the pod goes on after a timeout", job(aborted, complete), podIn(corev1.PodRunning), step{do: halt}},
		{"complete, but the pod goes on after an error", job(errored, complete), podIn(corev1.PodPending), step{do: halt}},
		{"complete, and the pod is going", job(errored, complete), podIn(corev1.PodRunning, deleted), step{do: wait}},
		{"complete, and the pod has ended", job(errored, complete), podIn(corev1.PodFailed), step{do: wait}},
		{"complete by success, pod seen late", job(success, complete), podIn(corev1.PodRunning), step{do: wait}},

		{"pod gone", job(pending), nil, step{do: restart}},
		{"pod of a restart that was not recorded", job(pending), podIn(corev1.PodRunning, buildTwo), step{do: adopt}},

		{"succeeded", job(pending), podIn(corev1.PodSucceeded, terminated(0, "", ago(1))), ends(success, "Job succeeded.")},
		{"succeeded, no container statuses", job(pending), podIn(corev1.PodSucceeded), ends(success, "Job succeeded.")},
		{"succeeded, while being deleted", job(pending), podIn(corev1.PodSucceeded, deleted), ends(success, "Job succeeded.")},
		{"succeeded, with an exit code", job(pending), podIn(corev1.PodSucceeded, terminated(0, "", ago(1)), terminated(1, "", ago(1))), ends(errored, unfinished)},
		{"succeeded, without an end", job(pending), podIn(corev1.PodSucceeded, terminated(0, "", nil)), ends(errored, unfinished)},
		{"succeeded, with a container running", job(pending), podIn(corev1.PodSucceeded, stillRunning), ends(errored, unfinished)},
		{"failed", job(pending), podIn(corev1.PodFailed, terminated(1, "", ago(1))), ends(failure, "Job failed.")},
		{"failed, out of memory only now and then", job(pending), podIn(corev1.PodFailed, terminated(137, "OOMKilled", ago(1))), ends(failure, "Job failed.")},

		{"out of memory", job(pending), podIn(corev1.PodRunning, stillRunning, terminated(137, "OOMKilled", ago(1))), ends(errored, "Job pod was OOM killed by the cluster.")},
		{"a container has ended", job(pending), podIn(corev1.PodRunning, started(time.Hour), stillRunning, terminated(0, "Completed", ago(1))), step{do: wait, again: 47 * time.Hour}},
		{"evicted", job(pending), podIn(corev1.PodFailed, reason("Evicted")), step{do: revive, why: evicted}},
		{"evicted again", job(pending, revived(2)), podIn(corev1.PodFailed, reason("Evicted")), step{do: revive, why: evicted}},
		{"evicted too often", job(pending, revived(3)), podIn(corev1.PodFailed, reason("Evicted")), ends(errored, "Job pod reached max revivals (3) after being stopped unexpectedly (evicted)")},
		{"evicted, with error_on_eviction", job(pending, errorOnEviction), podIn(corev1.PodFailed, reason("Evicted")), ends(errored, "Job pod was evicted by the cluster.")},
		{"node lost", job(pending), podIn(corev1.PodRunning, reason("NodeLost"), deleted), step{do: revive, why: nodeLost}},
		{"node lost, with error_on_eviction", job(pending, errorOnEviction), podIn(corev1.PodRunning, reason("NodeLost"), deleted), step{do: revive, why: nodeLost}},
		{"node lost too often", job(pending, revived(3)), podIn(corev1.PodRunning, reason("NodeLost"), deleted), ends(errored, "Job pod reached max revivals (3) after being stopped unexpectedly (node lost)")},
		{"node lost, but the pod may come back", job(pending), podIn(corev1.PodRunning, reason("NodeLost"), started(time.Hour)), step{do: wait, again: 47 * time.Hour}},
		{"unknown", job(pending), podIn(corev1.PodUnknown), step{do: revive, why: unknown}},
		{"unknown too often", job(pending, revived(3)), podIn(corev1.PodUnknown), ends(errored, "Job pod reached max revivals (3) after being stopped unexpectedly (unknown)")},
		{"its end was lost", job(pending), podIn(corev1.PodFailed, terminated(0, "Completed", ago(1)), terminated(255, "Unknown", nil)), step{do: revive, why: unknown}},
		{"the end of an init container was lost", job(pending), podIn(corev1.PodFailed, initTerminated(255, "Unknown")), step{do: revive, why: unknown}},
		{"the end of a container was lost to kubelet", job(pending), podIn(corev1.PodFailed, terminated(137, "ContainerStatusUnknown", nil)), step{do: revive, why: unknown}},
		{"its end was lost too often", job(pending, revived(3)), podIn(corev1.PodFailed, terminated(255, "Unknown", nil)), ends(errored, "Job pod reached max revivals (3) after being stopped unexpectedly (unknown)")},
		{"one end was lost, another one is a failure", job(pending), podIn(corev1.PodFailed, terminated(255, "Unknown", nil), terminated(1, "Error", ago(1))), ends(failure, "Job failed.")},
		{"an end was lost, and the pod goes on", job(pending), podIn(corev1.PodRunning, started(time.Hour), stillRunning, terminated(255, "Unknown", nil)), step{do: wait, again: 47 * time.Hour}},
		{"an init container failed", job(pending), podIn(corev1.PodFailed, initTerminated(1, "Error")), ends(failure, "Job failed.")},
		{"an init container was taken for failed, and had succeeded", job(pending), podIn(corev1.PodFailed, initTerminated(0, "Completed"), waiting, waiting), step{do: revive, why: unknown}},
		{"containers were taken for failed, and had succeeded", job(pending), podIn(corev1.PodFailed, terminated(0, "Completed", ago(1)), terminated(0, "Completed", ago(1))), step{do: revive, why: unknown}},
		{"nothing failed, too often", job(pending, revived(3)), podIn(corev1.PodFailed, waiting), ends(errored, "Job pod reached max revivals (3) after being stopped unexpectedly (unknown)")},
		{"nothing failed, but there is a reason", job(pending), podIn(corev1.PodFailed, waiting, reason("DeadlineExceeded")), ends(failure, "Job failed.")},
		{"nothing failed, but the pod is being deleted", job(pending), podIn(corev1.PodFailed, waiting, deleted), ends(failure, "Job failed.")},
		{"failed, and nothing is known of its containers", job(pending), podIn(corev1.PodFailed), ends(failure, "Job failed.")},
		{"an init container failed, others wait", job(pending), podIn(corev1.PodFailed, initTerminated(1, "Error"), waiting), ends(failure, "Job failed.")},
		{"a container failed that was about to start", job(pending), podIn(corev1.PodFailed, waiting, neverBegan(1, "Error")), step{do: revive, why: unknown}},
		{"a container cannot start", job(pending), podIn(corev1.PodFailed, waiting, neverBegan(128, "StartError")), ends(failure, "Job failed.")},
		{"its sandbox is gone, and it is to be seen whether that stays", job(pending), podIn(corev1.PodPending, started(5*time.Minute), waiting, known, sandbox(corev1.ConditionFalse, 20*time.Second)), step{do: wait, again: 40 * time.Second}},
		{"its sandbox is gone", job(pending), podIn(corev1.PodPending, started(5*time.Minute), waiting, known, sandbox(corev1.ConditionFalse, time.Minute)), step{do: revive, why: sandboxLost}},
		{"its sandbox was gone before anybody heard of it", job(pending), podIn(corev1.PodPending, started(5*time.Minute), waiting, known, sandbox(corev1.ConditionFalse, 5*time.Minute)), step{do: revive, why: sandboxLost}},
		{"its sandbox is gone too often", job(pending, revived(3)), podIn(corev1.PodPending, started(5*time.Minute), waiting, known, sandbox(corev1.ConditionFalse, time.Minute)), ends(errored, "Job pod reached max revivals (3) after being stopped unexpectedly (sandbox lost)")},
		{"its sandbox is gone, and little of its time is left", job(pending), podIn(corev1.PodPending, started(10*time.Minute-time.Second), waiting, known, sandbox(corev1.ConditionFalse, time.Second)), step{do: wait, again: time.Second}},
		{"it has its sandbox", job(pending), podIn(corev1.PodPending, started(5*time.Minute), waiting, known, sandbox(corev1.ConditionTrue, time.Minute)), step{do: wait, again: 5 * time.Minute}},
		{"it never had a sandbox", job(pending), podIn(corev1.PodPending, started(5*time.Minute), waiting, sandbox(corev1.ConditionFalse, 5*time.Minute)), step{do: wait, again: 5 * time.Minute}},
		{"its sandbox is gone, and it needs none any more", job(pending), podIn(corev1.PodPending, started(5*time.Minute), known, terminated(0, "Completed", ago(1)), sandbox(corev1.ConditionFalse, time.Minute)), step{do: wait, again: 5 * time.Minute}},
		{"its sandbox is gone, since it is deleted", job(pending), podIn(corev1.PodPending, started(5*time.Minute), waiting, known, sandbox(corev1.ConditionFalse, time.Minute), deleted), ends(errored, "Pod got deleted unexpectedly")},
		{"its sandbox is gone, and it runs", job(pending), podIn(corev1.PodRunning, started(time.Hour), stillRunning, sandbox(corev1.ConditionFalse, time.Minute)), step{do: wait, again: 47 * time.Hour}},
		{"counted, not deleted yet", job(pending, revived(1), replaced("pod-1")), podIn(corev1.PodFailed, reason("Evicted")), step{do: discard}},
		{"counted, going", job(pending, revived(1), replaced("pod-1")), podIn(corev1.PodFailed, reason("Evicted"), deleted), step{do: wait, again: 48*time.Hour - time.Second}},
		{"counted the last time, going", job(pending, revived(3), replaced("pod-1")), podIn(corev1.PodUnknown, deleted), step{do: wait, again: 48*time.Hour - time.Second}},
		{"counted, never going", job(pending, replaced("pod-1"), ownTimeouts(time.Second)), podIn(corev1.PodUnknown, deleted), ends(aborted, "Pod running timeout.")},
		{"another one was counted", job(pending, revived(1), replaced("pod-0")), podIn(corev1.PodFailed, reason("Evicted")), step{do: revive, why: evicted}},

		{"no node yet", job(pending), podIn(corev1.PodPending), step{do: wait, again: 4 * time.Minute}},
		{"no node in time", job(pending), podIn(corev1.PodPending, created(5*time.Minute)), endsAndStops(errored, "Pod scheduling timeout.")},
		{"no node in its own time", job(pending, ownTimeouts(time.Minute)), podIn(corev1.PodPending), endsAndStops(errored, "Pod scheduling timeout.")},
		{"not running yet", job(pending), podIn(corev1.PodPending, created(time.Hour), started(9*time.Minute)), step{do: wait, again: time.Minute}},
		{"not running in time", job(pending), podIn(corev1.PodPending, started(10*time.Minute)), endsAndStops(errored, "Pod pending timeout.")},
		{"not running in its own time", job(pending, ownTimeouts(time.Minute)), podIn(corev1.PodPending, started(time.Minute)), endsAndStops(errored, "Pod pending timeout.")},
		{"running", job(pending), podIn(corev1.PodRunning, started(time.Hour)), step{do: wait, again: 47 * time.Hour}},
		{"running, nobody knows since when", job(pending), podIn(corev1.PodRunning), step{do: wait}},
		{"running for too long", job(pending), podIn(corev1.PodRunning, started(49*time.Hour)), endsAndStops(aborted, "Pod running timeout.")},
		{"running for longer than its own time", job(pending, ownTimeouts(time.Hour)), podIn(corev1.PodRunning, started(time.Hour)), endsAndStops(aborted, "Pod running timeout.")},
		{"deleted while running", job(pending), podIn(corev1.PodRunning, started(time.Hour), deleted), ends(errored, "Pod got deleted unexpectedly")},
		{"deleted while running for too long", job(pending), podIn(corev1.PodRunning, started(49*time.Hour), deleted), ends(errored, "Pod got deleted unexpectedly")},
		{"deleted while pending", job(pending), podIn(corev1.PodPending, deleted), ends(errored, "Pod got deleted unexpectedly")},
		{"no phase", job(pending), podIn(""), step{do: wait}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, pod := range []*corev1.Pod{tc.pod, slim(t, tc.pod)} {
				got := decide(tc.job, pod, testSettings, noon)
				if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(step{})); diff != "" {
					t.Errorf("step (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestCreateErrors holds what follows from an error of creating a pod: whether
// to try again, and whether it is sure that there is no pod.
func TestCreateErrors(t *testing.T) {
	answered := func(code int32) error {
		return &apierrors.StatusError{ErrStatus: metav1.Status{Code: code, Status: metav1.StatusFailure}}
	}
	for _, tc := range []struct {
		name              string
		err               error
		hopeless, refused bool
	}{
		{"an invalid pod", answered(http.StatusUnprocessableEntity), true, true},
		{"not allowed", answered(http.StatusForbidden), true, true},
		{"too many requests", answered(http.StatusTooManyRequests), false, true},
		{"a server's error", answered(http.StatusInternalServerError), false, true},
		{"no connection", fmt.Errorf("post: %w", syscall.ECONNREFUSED), false, true},
		{"no answer", errors.New("EOF"), false, false},
		{"no build ID", fmt.Errorf("%w: tot is down", errNoBuildID), false, true},
		{"no pod spec", fmt.Errorf("%w: lacks a pod spec", errUnbuildable), true, false},
		{"a pod that is gone again", fmt.Errorf("%w: reading it: %w", errPodExists, answered(http.StatusNotFound)), false, false},
	} {
		if h, r := hopeless(tc.err), refused(tc.err); h != tc.hopeless || r != tc.refused {
			t.Errorf("%s: hopeless %v, refused %v, want %v, %v", tc.name, h, r, tc.hopeless, tc.refused)
		}
	}
}
