// SPDX-License-Identifier: Apache-2.0

package plank

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/controllers/plank/resources"
)

// verb is what shall happen to a run next.
type verb string

const (
	// wait does nothing, but looks again when the step says so.
	wait verb = "wait"
	// start makes the first pod, as soon as the limits let it.
	start verb = "start"
	// adopt takes over a pod whose creation was not recorded.
	adopt verb = "adopt"
	// restart makes another pod in place of one that is gone.
	restart verb = "restart"
	// revive counts a pod that was stopped from outside, then deletes it, so that another takes its place.
	revive verb = "revive"
	// discard deletes a pod that was counted, with what keeps it for reporters: nobody is to see it.
	discard verb = "discard"
	// halt deletes the pod of a complete run.
	halt verb = "halt"
	// cancel deletes the pod of an aborted run and completes the run.
	cancel verb = "cancel"
	// finish records the run's result.
	finish verb = "finish"
)

// step is one action on a run.
type step struct {
	do verb
	// again is, for wait, after how long to look again; 0 is when something changes.
	again time.Duration
	// state and description are, for finish, the result.
	state       prowv1.ProwJobState
	description string
	// why is, for revive, what stopped the pod.
	why cause
	// deletePod says, for finish, that the pod goes too, after the result is recorded.
	deletePod bool
}

// ReplacedPodAnnotation holds, on a ProwJob, the UID of the pod that was
// counted last as stopped from outside. It makes the count exact: a pod may be
// looked at several times until it is gone, also by another process.
const ReplacedPodAnnotation = "cutwater-ci.github.io/replaced-pod"

// decide says what to do next about a run, given its pod; nil is no pod.
func decide(pj *prowv1.ProwJob, pod *corev1.Pod, s Settings, now time.Time) step {
	switch {
	case pj.Complete():
		return decideComplete(pj, pod)
	case pj.Status.State == prowv1.AbortedState:
		return step{do: cancel}
	case pj.Status.State == prowv1.TriggeredState && pod == nil:
		return step{do: start}
	case pj.Status.State == prowv1.TriggeredState:
		return step{do: adopt}
	case pj.Status.State == prowv1.PendingState && pod == nil:
		return step{do: restart}
	case pj.Status.State == prowv1.PendingState:
		return decidePending(pj, pod, timeouts(pj, s), s.MaxRevivals, now)
	default:
		return step{do: wait}
	}
}

// decideComplete stops a pod that outlives its run: the process may have
// stopped between recording a timeout and deleting the pod, somebody may have
// completed the run by hand, and after an out-of-memory kill the sidecar would
// wait for ever for the container that is no more.
func decideComplete(pj *prowv1.ProwJob, pod *corev1.Pod) step {
	stopped := pj.Status.State == prowv1.AbortedState || pj.Status.State == prowv1.ErrorState
	if stopped && pod != nil && pod.DeletionTimestamp == nil && !ended(pod) {
		return step{do: halt}
	}
	return step{do: wait}
}

func decidePending(pj *prowv1.ProwJob, pod *corev1.Pod, limits Settings, maxRevivals int, now time.Time) step {
	if uid := pj.Annotations[ReplacedPodAnnotation]; uid != "" && uid == string(pod.UID) {
		return decideReplaced(pod, limits, now)
	}
	if id := resources.BuildID(pod); id != "" && id != pj.Status.BuildID {
		return step{do: adopt} // it took the place of another, which was not recorded
	}
	switch why := stoppedBy(pod, now); {
	case why == outOfMemory:
		return failed(prowv1.ErrorState, "Job pod was OOM killed by the cluster.")
	case why == evicted && pj.Spec.ErrorOnEviction:
		return failed(prowv1.ErrorState, "Job pod was evicted by the cluster.")
	case why != "" && pj.Status.PodRevivalCount >= maxRevivals:
		return failed(prowv1.ErrorState, fmt.Sprintf("Job pod reached max revivals (%d) after being stopped unexpectedly (%s)", maxRevivals, why))
	case why != "":
		return step{do: revive, why: why}
	}
	switch pod.Status.Phase {
	case corev1.PodSucceeded:
		return decideSucceeded(pod)
	case corev1.PodFailed:
		return failed(prowv1.FailureState, "Job failed.")
	default:
		next := decideTimeouts(pod, limits, now)
		if next.do == wait && pod.DeletionTimestamp != nil {
			return failed(prowv1.ErrorState, "Pod got deleted unexpectedly")
		}
		return next
	}
}

// decideReplaced sees to it that a counted pod goes. One that does not, since
// its node is gone for good, must not keep the run pending for ever.
func decideReplaced(pod *corev1.Pod, limits Settings, now time.Time) step {
	if pod.DeletionTimestamp == nil {
		return step{do: discard}
	}
	return overdue(pod.DeletionTimestamp, limits.RunningTimeout, now, failed(prowv1.AbortedState, "Pod running timeout."))
}

// decideSucceeded believes a pod's success only if each container tells the same.
func decideSucceeded(pod *corev1.Pod) step {
	for _, container := range pod.Status.ContainerStatuses {
		if end := container.State.Terminated; end == nil || end.ExitCode != 0 || end.FinishedAt.IsZero() {
			return failed(prowv1.ErrorState, "Pod was in succeeded phase but some containers didn't finish")
		}
	}
	return step{do: finish, state: prowv1.SuccessState, description: "Job succeeded."}
}

// decideTimeouts gives up a pod that takes too long, or says when it will be
// time to. A running pod that is being deleted is not judged by its time.
func decideTimeouts(pod *corev1.Pod, limits Settings, now time.Time) step {
	switch {
	case pod.Status.Phase == corev1.PodPending && pod.Status.StartTime.IsZero():
		return overdue(&pod.CreationTimestamp, limits.UnscheduledTimeout, now, timedOut(prowv1.ErrorState, "Pod scheduling timeout."))
	case pod.Status.Phase == corev1.PodPending:
		next := overdue(pod.Status.StartTime, limits.PendingTimeout, now, timedOut(prowv1.ErrorState, "Pod pending timeout."))
		if gone := withoutSandbox(pod); gone != nil && next.do == wait {
			next.again = min(next.again, gone.Add(sandboxPatience).Sub(now))
		}
		return next
	case pod.Status.Phase == corev1.PodRunning && !pod.Status.StartTime.IsZero() && pod.DeletionTimestamp == nil:
		return overdue(pod.Status.StartTime, limits.RunningTimeout, now, timedOut(prowv1.AbortedState, "Pod running timeout."))
	default:
		return step{do: wait}
	}
}

// overdue returns the step to take if limit has passed since then, and else to wait until it has.
func overdue(since *metav1.Time, limit time.Duration, now time.Time, late step) step {
	if left := since.Add(limit).Sub(now); left > 0 {
		return step{do: wait, again: left}
	}
	return late
}

func failed(state prowv1.ProwJobState, description string) step {
	return step{do: finish, state: state, description: description}
}

func timedOut(state prowv1.ProwJobState, description string) step {
	return step{do: finish, state: state, description: description, deletePod: true}
}

// cause is what stopped a pod from outside. The words are shown to users.
type cause string

const (
	outOfMemory cause = "OOM killed"
	evicted     cause = "evicted"
	nodeLost    cause = "node lost"
	sandboxLost cause = "sandbox lost"
	unknown     cause = "unknown"
)

// Reasons that Kubernetes gives.
const (
	reasonEvicted   = "Evicted"
	reasonNodeLost  = "NodeLost"
	reasonOOMKilled = "OOMKilled"
)

// sandboxPatience is how long a pod whose sandbox is gone may stay pending. A
// kubelet that is back makes another within seconds, or never.
const sandboxPatience = time.Minute

// stoppedBy says what stopped the pod from outside; empty is nothing.
func stoppedBy(pod *corev1.Pod, now time.Time) cause {
	gone := withoutSandbox(pod)
	switch {
	case pod.Status.Reason == reasonEvicted:
		return evicted
	case pod.Status.Reason == reasonNodeLost && pod.DeletionTimestamp != nil:
		return nodeLost
	case pod.Status.Phase == corev1.PodUnknown, endLost(pod):
		return unknown
	case gone != nil && now.Sub(gone.Time) >= sandboxPatience:
		return sandboxLost
	case pod.Status.Phase != corev1.PodRunning:
		return ""
	}
	for _, container := range pod.Status.ContainerStatuses {
		if end := container.State.Terminated; end != nil && end.Reason == reasonOOMKilled {
			return outOfMemory
		}
	}
	return ""
}

// withoutSandbox says since when a pending pod is without the sandbox that it had,
// which happens when the node's runtime is killed while init containers are at work;
// nil is never. kubelet makes no other for a pod that is not to be restarted once
// the runtime knows a container of it: the pod would stay pending.
func withoutSandbox(pod *corev1.Pod) *metav1.Time {
	if pod.Status.Phase != corev1.PodPending || pod.DeletionTimestamp != nil {
		return nil
	}
	all := slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
	if !slices.ContainsFunc(all, isKnown) || !slices.ContainsFunc(pod.Status.ContainerStatuses, hasNotEnded) {
		return nil
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReadyToStartContainers && condition.Status == corev1.ConditionFalse {
			return &condition.LastTransitionTime
		}
	}
	return nil
}

// isKnown says whether the node's runtime has, or had, the container.
func isKnown(c corev1.ContainerStatus) bool { return c.ContainerID != "" }

func hasNotEnded(c corev1.ContainerStatus) bool { return c.State.Terminated == nil }

// endLost says whether a pod counts as failed only because its node's runtime was
// away when containers ended: they may have succeeded. Then Kubernetes says that
// an end is not known; or it has learned since that the container which it took for
// failed did not fail, and the pod stays a failed one of which nothing failed.
func endLost(pod *corev1.Pod) bool {
	if pod.Status.Phase != corev1.PodFailed {
		return false
	}
	lost := false
	for _, container := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		switch end := container.State.Terminated; {
		case end == nil:
		case resources.EndLost(end):
			lost = true
		case end.ExitCode != 0:
			return false
		}
	}
	return lost || !hasCause(pod)
}

// hasCause says whether something other than a container's end may explain why a
// pod failed: a reason that Kubernetes gives, as when its node refuses a pod or a
// deadline is over; that the pod is being deleted; or that nothing is known of its
// containers.
func hasCause(pod *corev1.Pod) bool {
	return pod.Status.Reason != "" || pod.DeletionTimestamp != nil || len(pod.Status.ContainerStatuses) == 0
}

// ended says whether the pod's containers have stopped for good.
func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// timeouts are the settings with the run's own timeouts put in.
func timeouts(pj *prowv1.ProwJob, s Settings) Settings {
	own := pj.Spec.DecorationConfig
	if own == nil {
		return s
	}
	for _, t := range []struct {
		own  *metav1.Duration
		into *time.Duration
	}{
		{own.PodUnscheduledTimeout, &s.UnscheduledTimeout},
		{own.PodPendingTimeout, &s.PendingTimeout},
		{own.PodRunningTimeout, &s.RunningTimeout},
	} {
		if t.own != nil {
			*t.into = t.own.Duration
		}
	}
	return s
}
