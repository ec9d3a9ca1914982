// SPDX-License-Identifier: Apache-2.0

package plank_test

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/controllers/plank"
	"github.com/cutwater-ci/cutwater/podutils/decorate"
)

func evictions(w *world) {
	w.start()
	w.run("hop")
	var pod *corev1.Pod
	builds := map[string]bool{}
	for count := range 3 {
		pod = w.podOf("hop", pod)
		build := pod.Labels[prowv1.BuildIDLabel]
		w.until("hop", "the pod's record", func(pj *prowv1.ProwJob) bool { return pj.Status.BuildID == build })
		builds[build] = true
		if count == 1 {
			w.patchPod("hop", `{"metadata":{"finalizers":["prow.x-k8s.io/gcsk8sreporter"]}}`)
		}
		w.kubelet(pod, corev1.PodFailed, because("Evicted"))
		w.until("hop", "the count", func(pj *prowv1.ProwJob) bool { return pj.Status.PodRevivalCount == count+1 })
	}
	pod = w.podOf("hop", pod)
	build := pod.Labels[prowv1.BuildIDLabel]
	builds[build] = true
	if len(builds) != 4 {
		w.Errorf("four pods had the build IDs %v, want four", builds)
	}
	if note := pod.Annotations[plank.ReplacedPodAnnotation]; note != "" {
		w.Errorf("plank's note %q is on the pod, too", note)
	}
	w.until("hop", "the pod's record", func(pj *prowv1.ProwJob) bool { return pj.Status.BuildID == build })
	w.kubelet(pod, corev1.PodFailed, because("Evicted"))
	pj := w.ends("hop", prowv1.ErrorState, "Job pod reached max revivals (3) after being stopped unexpectedly (evicted)")
	if pj.Status.PodRevivalCount != 3 {
		w.Errorf("revival count is %d, want 3", pj.Status.PodRevivalCount)
	}
}

func errorOnEviction(w *world) {
	w.start()
	w.run("once", func(pj *prowv1.ProwJob) { pj.Spec.ErrorOnEviction = true })
	pod := w.podOf("once", nil)
	w.untilState("once", prowv1.PendingState)
	w.kubelet(pod, corev1.PodFailed, because("Evicted"))
	w.ends("once", prowv1.ErrorState, "Job pod was evicted by the cluster.")
}

func lingering(w *world) {
	stop := w.start()
	w.run("slow")
	pod := w.podOf("slow", nil)
	w.untilState("slow", prowv1.PendingState)
	w.patchPod("slow", `{"metadata":{"finalizers":["example.com/slow"]}}`)
	w.kubelet(pod, corev1.PodFailed, because("Evicted"))
	w.until("slow", "the count", func(pj *prowv1.ProwJob) bool { return pj.Status.PodRevivalCount == 1 })
	stop()
	w.start() // knows nothing but what is written down
	w.patchPod("slow", `{"metadata":{"labels":{"touched":"yes"}}}`)
	w.patchPod("slow", `{"metadata":{"finalizers":[]}}`)
	w.kubelet(w.podOf("slow", pod), corev1.PodSucceeded, exit(0))
	if pj := w.ends("slow", prowv1.SuccessState, "Job succeeded."); pj.Status.PodRevivalCount != 1 {
		w.Errorf("revival count is %d, want 1", pj.Status.PodRevivalCount)
	}
}

func outOfMemory(w *world) {
	w.start()
	w.run("big")
	pod := w.podOf("big", nil)
	w.untilState("big", prowv1.PendingState)
	w.kubelet(pod, corev1.PodRunning, func(s *corev1.PodStatus) {
		exit(137)(s)
		s.ContainerStatuses[0].State.Terminated.Reason = "OOMKilled"
		s.ContainerStatuses = append(s.ContainerStatuses, corev1.ContainerStatus{Name: "sidecar", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}})
	})
	w.ends("big", prowv1.ErrorState, "Job pod was OOM killed by the cluster.")
	w.podGone("big") // or else the sidecar would wait for ever
}

func deletedPod(w *world) {
	w.start()
	w.run("gone")
	pod := w.podOf("gone", nil)
	w.untilState("gone", prowv1.PendingState)
	w.patchPod("gone", `{"metadata":{"finalizers":["example.com/slow"]}}`)
	w.kubelet(pod, corev1.PodRunning)
	w.deletePod("gone", 30)
	w.ends("gone", prowv1.ErrorState, "Pod got deleted unexpectedly")
	w.patchPod("gone", `{"metadata":{"finalizers":[]}}`)
	w.podGone("gone")
}

func vanishedPod(w *world) {
	stop := w.start()
	w.run("gone")
	pod := w.podOf("gone", nil)
	first := w.untilState("gone", prowv1.PendingState)
	stop() // or else it would see the pod being deleted
	w.deletePod("gone", 0)
	w.start()
	second := w.podOf("gone", pod)
	pj := w.until("gone", "the new build ID", func(pj *prowv1.ProwJob) bool {
		return pj.Status.BuildID == second.Labels[prowv1.BuildIDLabel]
	})
	if pj.Status.BuildID == first.Status.BuildID || pj.Status.PodRevivalCount != 0 || pj.Status.URL != "https://prow.example/"+pj.Status.BuildID {
		w.Errorf("status is %+v, want a new build ID, its URL and no revival; the first build ID was %s", pj.Status, first.Status.BuildID)
	}
}

func timeouts(w *world) {
	w.start()
	for _, tc := range []struct {
		name, description string
		phase             corev1.PodPhase
		state             prowv1.ProwJobState
	}{
		{"unscheduled", "Pod scheduling timeout.", "", prowv1.ErrorState},
		{"pending", "Pod pending timeout.", corev1.PodPending, prowv1.ErrorState},
		{"running", "Pod running timeout.", corev1.PodRunning, prowv1.AbortedState},
	} {
		w.clock.Store(0)
		w.run(tc.name)
		pod := w.podOf(tc.name, nil)
		w.untilState(tc.name, prowv1.PendingState)
		if tc.phase != "" {
			w.kubelet(pod, tc.phase)
		}
		w.clock.Store(int64(2 * time.Hour / time.Second))
		w.touchPod(tc.name)
		w.ends(tc.name, tc.state, tc.description)
		w.podGone(tc.name)
	}
}

func timeoutOnTime(w *world) {
	w.pod = func(pj *prowv1.ProwJob) (*corev1.Pod, error) {
		bare := pj.DeepCopy()
		bare.Spec.DecorationConfig = nil // it is not whole
		return decorate.Pod(bare, decorate.Options{})
	}
	w.start()
	w.run("slow", func(pj *prowv1.ProwJob) {
		pj.Spec.DecorationConfig = &prowv1.DecorationConfig{
			PodUnscheduledTimeout: &metav1.Duration{Duration: 2 * time.Second},
		}
	})
	// Nobody touches anything from here on.
	pj := w.ends("slow", prowv1.ErrorState, "Pod scheduling timeout.")
	if took := pj.Status.CompletionTime.Sub(pj.Status.PendingTime.Time); took < time.Second || took > 5*time.Second {
		w.Errorf("the timeout of 2s was noticed after %v", took)
	}
	w.podGone("slow")
}

func invalidPod(w *world) {
	w.start()
	w.run("bad", func(pj *prowv1.ProwJob) { pj.Spec.PodSpec.Containers[0].Image = "" })
	pj := w.until("bad", "its end", (*prowv1.ProwJob).Complete)
	if !strings.HasPrefix(pj.Status.Description, "Pod can not be created: ") || pj.Status.State != prowv1.ErrorState {
		w.Errorf("ended with %s, %q, want error, Pod can not be created: ...", pj.Status.State, pj.Status.Description)
	}
}

func noPodSpec(w *world) {
	w.start()
	w.run("bare", func(pj *prowv1.ProwJob) { pj.Spec.PodSpec = nil })
	w.ends("bare", prowv1.ErrorState, `Pod can not be created: pod cannot be built: prowjob "bare" lacks a pod spec`)
}

func foreignPod(w *world) {
	foreign := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "mine"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "alpine"}}},
	}
	created, err := w.kube.CoreV1().Pods(w.namespace).Create(w.Context(), foreign, metav1.CreateOptions{})
	if err != nil {
		w.Fatal(err)
	}
	w.run("mine", func(pj *prowv1.ProwJob) { pj.Status.State = prowv1.AbortedState })
	w.start()
	w.ends("mine", prowv1.AbortedState, "")
	if pod := w.podOf("mine", nil); pod.UID != created.UID || pod.DeletionTimestamp != nil {
		w.Errorf("an abort touched somebody else's pod: %v", pod.ObjectMeta)
	}
	w.forget("mine")
	w.run("mine")
	w.ends("mine", prowv1.ErrorState, "Pod can not be created: pod cannot be built: a pod of its name exists, but is none of its own")
	if pod := w.podOf("mine", nil); pod.UID != created.UID || pod.DeletionTimestamp != nil {
		w.Errorf("somebody else's pod was touched: %v", pod.ObjectMeta)
	}
}

func unknownCluster(w *world) {
	w.start()
	w.run("lost", func(pj *prowv1.ProwJob) { pj.Spec.Cluster = "mars" })
	w.ends("lost", prowv1.ErrorState, `Terminal error: unknown cluster alias "mars".`)
	w.run("stopped", func(pj *prowv1.ProwJob) {
		pj.Spec.Cluster = "mars"
		pj.Status.State = prowv1.AbortedState
	})
	w.ends("stopped", prowv1.AbortedState, "")
}
