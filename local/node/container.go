// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cutwater-ci/cutwater/local/node/logs"
)

// containerKind is a container's part in its pod.
type containerKind int

const (
	mainContainer containerKind = iota
	initContainer
	sidecarContainer // an init container that keeps running
)

// A container is one of a pod, through all its starts.
type container struct {
	worker *worker
	spec   *corev1.Container
	kind   containerKind
	// running is closed when it has been started for the first time.
	running chan struct{}

	// Guarded by worker.mu:
	status        corev1.ContainerStatus
	log, previous *logs.Log
}

// Reasons of a container's state, as kubelet words them.
const (
	reasonCreating            = "ContainerCreating"
	reasonInitializing        = "PodInitializing"
	reasonConfigError         = "CreateContainerConfigError"
	reasonCreateError         = "CreateContainerError"
	reasonCrashLoop           = "CrashLoopBackOff"
	reasonPullError           = "ErrImagePull"
	reasonPullBackOff         = "ImagePullBackOff"
	reasonNeverPull           = "ErrImageNeverPull"
	reasonInvalidImage        = "InvalidImageName"
	reasonCompleted           = "Completed"
	reasonError               = "Error"
	reasonOutOfMemory         = "OOMKilled"
	reasonCannotRun           = "ContainerCannotRun"
	reasonStatusUnknown       = "ContainerStatusUnknown"
	exitKilled          int32 = 137
)

func newContainer(w *worker, spec *corev1.Container, kind containerKind) *container {
	reason := reasonCreating
	if kind == mainContainer && len(w.pod.Spec.InitContainers) > 0 || kind != mainContainer {
		reason = reasonInitializing
	}
	return &container{
		worker: w, spec: spec, kind: kind, running: make(chan struct{}),
		status: corev1.ContainerStatus{
			Name: spec.Name, Image: spec.Image, Started: new(false),
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}},
		},
	}
}

// update changes the container's status and has it published.
func (c *container) update(change func(s *corev1.ContainerStatus)) {
	c.worker.mu.Lock()
	change(&c.status)
	c.worker.mu.Unlock()
	c.worker.changed()
}

// wait records why the container is not running yet, or not any more.
func (c *container) wait(reason, message string) {
	c.update(func(s *corev1.ContainerStatus) {
		if t := s.State.Terminated; t != nil {
			s.LastTerminationState = corev1.ContainerState{Terminated: t}
		}
		s.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
		s.Ready = false
	})
}

// restarts says whether the container is started again after exit code.
func (c *container) restarts(code int32) bool {
	if c.kind == sidecarContainer {
		return true
	}
	switch c.worker.pod.Spec.RestartPolicy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return code != 0
	default: // always
		return c.kind == mainContainer || code != 0
	}
}

// supervise runs the container, again and again as its pod's restart policy
// says, until it has ended for good or asked is done. It returns true if the
// container ended well.
func (c *container) supervise(asked context.Context) bool {
	n := c.worker.node
	delay := backoff{first: n.opts.Backoff}
	for first := true; ; first = false {
		if !first {
			c.update(func(s *corev1.ContainerStatus) { s.RestartCount++ })
		}
		began := time.Now()
		code, ended := c.attempt(asked)
		if !ended || asked.Err() != nil || !c.restarts(code) {
			return ended && code == 0
		}
		if time.Since(began) > 60*n.opts.Backoff {
			delay.reset()
		}
		if first {
			continue // the first restart comes at once
		}
		d := delay.step()
		c.wait(reasonCrashLoop, fmt.Sprintf("back-off %s restarting failed container=%s pod=%s(%s)",
			d, c.spec.Name, podKey(c.worker.pod), c.worker.pod.UID))
		c.event(corev1.EventTypeWarning, "BackOff", fmt.Sprintf("Back-off restarting failed container %s in pod %s",
			c.spec.Name, podKey(c.worker.pod)))
		if !pause(asked, d) {
			return false
		}
	}
}

// attempt starts the container once and waits for its end; ended is false if
// it was asked to stop before it could be started.
func (c *container) attempt(asked context.Context) (code int32, ended bool) {
	if waiting := c.status.State.Waiting; waiting == nil || waiting.Reason == reasonInitializing {
		c.wait(reasonCreating, "")
	}
	img, ok := c.findImage(asked)
	if !ok {
		return 0, false
	}
	var run *run
	for reported := ""; run == nil; {
		var err error
		if run, err = c.start(asked, img); err == nil {
			break
		}
		reason := reasonOf(err)
		if reason == reasonCannotRun {
			c.cannotRun(err)
			return c.status.State.Terminated.ExitCode, true
		}
		c.wait(reason, err.Error())
		if reported != err.Error() {
			reported = err.Error()
			c.event(corev1.EventTypeWarning, "Failed", "Error: "+reported)
		}
		if !pause(asked, c.worker.node.opts.RetryInterval) {
			return 0, false
		}
	}
	return c.accompany(asked, run), true
}

// accompany records that the container runs, ends it when asked is done, and
// records how it ended.
func (c *container) accompany(asked context.Context, r *run) int32 {
	c.update(func(s *corev1.ContainerStatus) {
		s.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(r.startedAt)}}
		s.Ready = c.kind != initContainer
		s.Started = new(true)
		s.ContainerID = r.id
	})
	c.event(corev1.EventTypeNormal, "Started", "Started container "+c.spec.Name)
	select {
	case <-c.running:
	default:
		close(c.running)
	}
	select {
	case <-r.done:
	case <-asked.Done():
		c.event(corev1.EventTypeNormal, "Killing", "Stopping container "+c.spec.Name)
		r.process.Terminate()
		select {
		case <-r.done:
		case <-c.worker.halt.over.Done():
			r.process.Kill()
			<-r.done
		}
	}
	t := r.terminated(asked)
	c.update(func(s *corev1.ContainerStatus) {
		s.State = corev1.ContainerState{Terminated: t}
		s.Ready = c.kind == initContainer && t.ExitCode == 0
		s.Started = new(false)
	})
	return t.ExitCode
}

// cannotRun records that the container's command could not be executed.
func (c *container) cannotRun(err error) {
	now := metav1.Now()
	code := startCode(err)
	c.update(func(s *corev1.ContainerStatus) {
		s.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: code, Reason: reasonCannotRun, Message: err.Error(), StartedAt: now, FinishedAt: now,
			ContainerID: c.id(s.RestartCount),
		}}
		s.Ready = false
	})
	c.event(corev1.EventTypeWarning, "Failed", "Error: "+err.Error())
}

// id names the container's n-th restart.
func (c *container) id(n int32) string {
	return fmt.Sprintf("cutwater://%s-%s-%d", c.worker.pod.UID, c.spec.Name, n)
}

// dir is where the container's files are.
func (c *container) dir() string { return containerDir(c.worker.dir, c.spec.Name) }

func containerDir(podDir, name string) string { return filepath.Join(podDir, "containers", name) }

// logPath is where the log of a container's n-th restart is.
func logPath(dir string, n int32) string { return filepath.Join(dir, strconv.Itoa(int(n))+".log") }

// event records an Event about the container.
func (c *container) event(kind, reason, message string) {
	c.worker.node.events.container(c.worker.pod, c.spec.Name, c.kind, kind, reason, message)
}
