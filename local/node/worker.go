// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/local/node/sandbox"
)

// A worker runs one pod, from when it is bound to this node until its object
// is gone.
type worker struct {
	node *Node
	pod  *corev1.Pod // as it was first seen
	dir  string
	halt *halt

	// deleted is done when the object is to be deleted, gone when it is.
	deleted, gone         context.Context
	markDeleted, markGone context.CancelFunc

	inits, mains []*container

	publisher publisher

	// mu guards what follows, and the containers' status.
	mu          sync.Mutex
	phase       corev1.PodPhase // once final; until then it follows from the containers
	reason      string
	message     string
	startTime   *metav1.Time
	initialized bool
	conditions  []corev1.PodCondition
	volumes     map[string]string // where each is; set before any container starts
}

func (n *Node) newWorker(ctx context.Context, pod *corev1.Pod) *worker {
	w := &worker{
		node: n, pod: pod, dir: n.podDir(pod), halt: newHalt(ctx),
		publisher:  publisher{dirty: make(chan struct{}, 1), published: *pod.Status.DeepCopy()},
		startTime:  pod.Status.StartTime,
		conditions: slices.Clone(pod.Status.Conditions),
	}
	w.deleted, w.markDeleted = context.WithCancel(ctx)
	w.gone, w.markGone = context.WithCancel(ctx)
	for i := range pod.Spec.InitContainers {
		spec, kind := &pod.Spec.InitContainers[i], initContainer
		if spec.RestartPolicy != nil && *spec.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			kind = sidecarContainer
		}
		w.inits = append(w.inits, newContainer(w, spec, kind))
	}
	for i := range pod.Spec.Containers {
		w.mains = append(w.mains, newContainer(w, &pod.Spec.Containers[i], mainContainer))
	}
	return w
}

// grace is how long the pod's containers get to end.
func (w *worker) grace() time.Duration {
	if s := w.pod.Spec.TerminationGracePeriodSeconds; s != nil {
		return time.Duration(*s) * time.Second
	}
	return corev1.DefaultTerminationGracePeriodSeconds * time.Second
}

// observe takes note of a change of the pod's object.
func (w *worker) observe(pod *corev1.Pod) {
	if pod.DeletionTimestamp == nil {
		return
	}
	grace := w.grace()
	if s := pod.DeletionGracePeriodSeconds; s != nil {
		grace = time.Duration(*s) * time.Second
	}
	w.halt.begin(stopDeleted, grace)
	w.markDeleted()
}

// vanish takes note that the pod's object is gone.
func (w *worker) vanish() {
	w.halt.begin(stopDeleted, 0)
	w.markDeleted()
	w.markGone()
}

// run does the work. It returns when the object is gone, or the node is shut
// down.
func (w *worker) run(ctx context.Context) {
	defer w.halt.release()
	defer w.markGone()
	defer w.markDeleted()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	context.AfterFunc(w.gone, cancel) //nolint:contextcheck // the pod's end ends it, too

	publishing, stopPublishing := context.WithCancel(ctx)
	defer stopPublishing()
	published := make(chan struct{})
	go func() {
		defer close(published)
		w.publishChanges(ctx, publishing.Done())
	}()
	switch {
	case terminal(w.pod):
		w.recall()
	case w.leftBehind():
		w.lose()
	default:
		w.live()
	}
	stopPublishing()
	<-published
	if w.node.isStopping() {
		return // the object stays as it is, for the node's next start
	}
	if !terminal(w.pod) {
		w.publishFinal(ctx)
	}
	w.node.released(w)
	if w.deleted.Err() != nil {
		w.deleteObject(ctx)
	}
	w.cleanUp(ctx)
	<-w.deleted.Done()
	if w.node.isStopping() {
		return
	}
	w.deleteObject(ctx)
	<-w.gone.Done()
	if w.node.isStopping() {
		return
	}
	if err := sandbox.RemoveAll(w.dir); err != nil {
		logging.FromContext(ctx).Warnw("removing a pod's files", "pod", podKey(w.pod), "error", err)
	}
}

// live runs the pod's containers and leaves the pod's final phase.
func (w *worker) live() {
	n, asked := w.node, w.halt.asked
	now := metav1.Now()
	w.mu.Lock()
	if w.startTime == nil {
		w.startTime = &now
	}
	started := w.startTime.Time
	w.mu.Unlock()
	w.changed()
	if err := n.unsupported(w.pod); err != nil {
		n.events.pod(w.pod, corev1.EventTypeWarning, "Failed", err.Error())
		w.finish(corev1.PodFailed, "UnexpectedAdmissionError", err.Error())
		return
	}
	if s := w.pod.Spec.ActiveDeadlineSeconds; s != nil {
		left := time.Until(started.Add(time.Duration(*s) * time.Second))
		timer := time.AfterFunc(left, func() { w.halt.begin(stopDeadline, w.grace()) })
		defer timer.Stop()
	}
	var sidecars sidecars
	if w.makeVolumes(asked) && w.runInits(asked, &sidecars) {
		w.mu.Lock()
		w.initialized = true
		w.mu.Unlock()
		w.runMains(asked)
	}
	w.halt.limit(w.grace())
	sidecars.stop()
	w.conclude()
}

// makeVolumes makes the volumes, trying again until all are there.
func (w *worker) makeVolumes(asked context.Context) bool {
	for reported := ""; ; {
		volumes, err := w.node.volumes.Build(asked, w.pod, filepath.Join(w.dir, "volumes"))
		if err == nil {
			w.mu.Lock()
			w.volumes = volumes
			w.mu.Unlock()
			return true
		}
		if asked.Err() == nil && reported != err.Error() {
			reported = err.Error()
			w.node.events.pod(w.pod, corev1.EventTypeWarning, "FailedMount", reported)
		}
		if !pause(asked, w.node.opts.RetryInterval) {
			return false
		}
	}
}

// sidecars are the init containers that keep running.
type sidecars struct {
	cancels []context.CancelFunc
	done    []chan struct{}
}

// stop ends them one by one, the last first.
func (s *sidecars) stop() {
	for i := len(s.cancels) - 1; i >= 0; i-- {
		s.cancels[i]()
		<-s.done[i]
	}
}

// runInits runs the init containers in order. It returns true if the main
// ones may start.
func (w *worker) runInits(asked context.Context, started *sidecars) bool { //nolint:contextcheck // sidecars outlast asked
	for _, c := range w.inits {
		if c.kind != sidecarContainer {
			if !c.supervise(asked) {
				return false
			}
			continue
		}
		// It outlasts asked: it is stopped after the main containers.
		own, cancel := context.WithCancel(w.gone)
		done := make(chan struct{})
		started.cancels, started.done = append(started.cancels, cancel), append(started.done, done)
		go func() {
			defer close(done)
			c.supervise(own)
		}()
		select {
		case <-c.running:
		case <-asked.Done():
			return false
		}
	}
	return asked.Err() == nil
}

// runMains runs the main containers, side by side, to their end.
func (w *worker) runMains(asked context.Context) {
	var running sync.WaitGroup
	for _, c := range w.mains {
		running.Go(func() { c.supervise(asked) })
	}
	running.Wait()
}

// conclude gives the pod its final phase.
func (w *worker) conclude() {
	if w.halt.why() == stopDeadline {
		w.finish(corev1.PodFailed, "DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
		return
	}
	phase := corev1.PodSucceeded
	w.mu.Lock()
	for _, c := range w.mains {
		if t := c.status.State.Terminated; t == nil || t.ExitCode != 0 {
			phase = corev1.PodFailed
		}
	}
	w.mu.Unlock()
	w.finish(phase, "", "")
}

// finish makes phase the pod's final one.
func (w *worker) finish(phase corev1.PodPhase, reason, message string) {
	w.mu.Lock()
	w.phase, w.reason, w.message = phase, reason, message
	w.mu.Unlock()
}

// cleanUp removes the files of containers that have ended, but for the logs.
func (w *worker) cleanUp(ctx context.Context) {
	dirs := []string{filepath.Join(w.dir, "volumes")}
	for _, c := range slices.Concat(w.inits, w.mains) {
		dirs = append(dirs, filepath.Join(c.dir(), "box"))
		_ = os.Remove(filepath.Join(c.dir(), "message"))
	}
	for _, dir := range dirs {
		if err := sandbox.RemoveAll(dir); err != nil {
			logging.FromContext(ctx).Warnw("removing a pod's files", "pod", podKey(w.pod), "error", err)
		}
	}
}

// terminal says whether pod has its final phase.
func terminal(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}
