// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Leases of the controllers, one of which says who runs plank.
const (
	plankLease   = "prow-controller-manager-leader-lock"
	waitingLease = "cutwater-controller-waiting"
)

// replicas tells how two replicas share the controllers out, and how the one that
// starts jobs is killed: first its process alone, and then the pod with it, for
// good. All jobs run, and all run once.
func replicas(t *testing.T, w *world) {
	await(t, "two replicas to share the controllers", func() string { return w.unshared(t) })
	c := w.gather(t, gathering{name: "replicas", pulls: 4, perSecond: 2, tests: 4})
	pause(t, 5*time.Second)

	leader := w.leader(t)
	begun := time.Now()
	killProgram(t, leader)
	w.figures.note(t, "replicas: leader's process killed, a job that is asked for later has its pod", seconds(c.works(t, begun)), "20 s")
	await(t, "the killed controller to be back", func() string { return w.away([]life{{pod: leader}}) })

	leader = w.leader(t)
	begun = time.Now()
	killProgram(t, leader)
	// Before kubelet can start it again.
	if err := w.kube.CoreV1().Pods(ours).Delete(t.Context(), leader.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64)}); err != nil {
		t.Fatal(err)
	}
	w.figures.note(t, "replicas: leader's pod gone, a job that is asked for later has its pod", seconds(c.works(t, begun)), "20 s")
	if now := w.leader(t); now.Name == leader.Name {
		t.Errorf("%s still starts jobs, though it is gone", now.Name)
	}
	await(t, "the two to share the controllers again", func() string { return w.unshared(t) })
	w.figures.note(t, "replicas: leader's pod gone, two replicas share again", seconds(time.Since(begun)), "")
	c.disperse(t)
	c.check(t)
}

// works waits for the pod of a job that was asked for after a time, and returns
// how long after that it was created.
func (c *crowd) works(t *testing.T, since time.Time) (after time.Duration) {
	t.Helper()
	await(t, "a new job to have its pod", func() string {
		for _, pod := range c.pods.in(jobs) {
			run, err := c.prowjobs.Get(pod.pod.Name)
			// The run's time is in whole seconds.
			if err == nil && pod.created.After(since) && run.CreationTimestamp.After(since) {
				after = pod.created.Sub(since)
				return ""
			}
		}
		return "there is none"
	})
	return after
}

// leader is the pod that runs plank.
func (w *world) leader(t *testing.T) *corev1.Pod {
	t.Helper()
	var leader *corev1.Pod
	await(t, "a leader", func() string {
		holder, err := w.holder(t, plankLease)
		if err != nil {
			return err.Error()
		}
		for _, pod := range w.pods.present(ours, func(pod life) bool { return pod.pod.Name == holder }) {
			leader = pod.pod
			return ""
		}
		return fmt.Sprintf("%q holds the lease", holder)
	})
	return leader
}

func (w *world) holder(t *testing.T, lease string) (string, error) {
	t.Helper()
	found, err := w.kube.CoordinationV1().Leases(ours).Get(t.Context(), lease, metav1.GetOptions{})
	if err != nil || found.Spec.HolderIdentity == nil {
		return "", err
	}
	return *found.Spec.HolderIdentity, nil
}

// unshared says what keeps the controllers from being shared equally by two
// replicas that are there.
func (w *world) unshared(t *testing.T) string {
	t.Helper()
	leases, err := w.kube.CoordinationV1().Leases(ours).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		return err.Error()
	}
	has := map[string]int{}
	for _, pod := range w.pods.present(ours, func(pod life) bool { return pod.function() == "controller" && isReady(pod.pod) }) {
		has[pod.pod.Name] = 0
	}
	ready := len(has)
	for _, lease := range leases.Items {
		if lease.Name != waitingLease && lease.Spec.HolderIdentity != nil {
			has[*lease.Spec.HolderIdentity]++
		}
	}
	if ready == 2 && len(has) == 2 {
		least, most := len(leases.Items), 0
		for _, n := range has {
			least, most = min(least, n), max(most, n)
		}
		if least > 0 && most-least <= 1 {
			return ""
		}
	}
	return fmt.Sprintf("%d are ready, and hold %v", ready, has)
}
