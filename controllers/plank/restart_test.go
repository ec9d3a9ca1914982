// SPDX-License-Identifier: Apache-2.0

package plank_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/decorate"
)

func adoption(w *world) {
	pj := w.run("known")
	pj.Status.BuildID = "77"
	pod, err := decorate.Pod(pj, decorate.Options{Namespace: w.namespace})
	if err != nil {
		w.Fatal(err)
	}
	if _, err := w.kube.CoreV1().Pods(w.namespace).Create(w.Context(), pod, metav1.CreateOptions{}); err != nil {
		w.Fatal(err)
	}
	w.start()
	if got := w.untilState("known", prowv1.PendingState); got.Status.BuildID != "77" {
		w.Errorf("build ID is %q, want that of the pod, 77", got.Status.BuildID)
	}
}

func whileAway(w *world) {
	stop := w.start()
	for _, name := range []string{"ended", "stopped", "vanished"} {
		w.run(name)
		w.podOf(name, nil)
		w.untilState(name, prowv1.PendingState)
	}
	stop()
	vanished := w.podOf("vanished", nil)
	w.kubelet(w.podOf("ended", nil), corev1.PodSucceeded, exit(0))
	w.patchJob("stopped", `{"status":{"state":"aborted"}}`)
	w.deletePod("vanished", 0)
	w.run("new")
	w.start()
	w.ends("ended", prowv1.SuccessState, "Job succeeded.")
	w.ends("stopped", prowv1.AbortedState, "Job triggered.")
	w.podGone("stopped")
	w.podOf("vanished", vanished)
	w.podOf("new", nil)
}

func lostPatch(w *world) {
	var failures atomic.Int32
	w.wrap = failing(func(r *http.Request) error {
		if r.Method == http.MethodPatch && strings.Contains(r.URL.Path, "/prowjobs/") && failures.Add(1) <= 3 {
			return errors.New("the cable was cut")
		}
		return nil
	})
	w.start()
	w.run("lost")
	pod := w.podOf("lost", nil)
	pj := w.untilState("lost", prowv1.PendingState)
	if pj.Status.BuildID != pod.Labels[prowv1.BuildIDLabel] {
		w.Errorf("build ID is %s, want that of the one pod, %s", pj.Status.BuildID, pod.Labels[prowv1.BuildIDLabel])
	}
}

func serverAway(w *world) {
	var away atomic.Bool
	var refusedRequests atomic.Int32
	w.wrap = failing(func(*http.Request) error {
		if away.Load() {
			refusedRequests.Add(1)
			return syscall.ECONNREFUSED
		}
		return nil
	})
	w.start()
	away.Store(true)
	for i := range 5 {
		w.run(fmt.Sprint("run-", i), func(pj *prowv1.ProwJob) { pj.Spec.MaxConcurrency = 2 })
	}
	w.eventually(func() (bool, string) { return refusedRequests.Load() >= 10, "waiting for plank to be refused" })
	away.Store(false)
	for i := range 5 {
		name := fmt.Sprint("run-", i)
		w.kubelet(w.podOf(name, nil), corev1.PodSucceeded, exit(0))
		w.ends(name, prowv1.SuccessState, "Job succeeded.")
	}
}
