// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/local/up"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/layout"
)

// lookEvery is how often a run is looked at.
const lookEvery = 100 * time.Millisecond

// watchedRun is a run that somebody watches: logs go to out, the rest to notes.
type watchedRun struct {
	machine    *up.Machine
	job        *prowv1.ProwJob
	out, notes io.Writer

	told   map[string]bool
	pod    *corev1.Pod
	logged chan struct{} // closed when all of the log is written; nil before it begins
}

// follow returns when the run has ended and all is told: an error unless it succeeded.
func (w *watchedRun) follow(ctx context.Context) error {
	w.told = map[string]bool{}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		done, err := w.look(ctx)
		if err != nil {
			return err
		}
		if done {
			return w.conclude(ctx)
		}
		select {
		case <-ctx.Done():
			return errors.New("interrupted")
		case <-tick.C:
		}
	}
}

// look sees how far the run is, and reports whether it has ended.
func (w *watchedRun) look(ctx context.Context) (bool, error) {
	job, err := w.machine.ProwJobs.ProwV1().ProwJobs(w.job.Namespace).Get(ctx, w.job.Name, metav1.GetOptions{})
	if err != nil {
		return false, w.unless(ctx, err)
	}
	w.job = job
	pod, err := w.machine.Kube.CoreV1().Pods(job.Spec.Namespace).Get(ctx, job.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return job.Complete(), nil
	case err != nil:
		return false, w.unless(ctx, err)
	}
	w.pod = pod
	w.tellWaiting()
	if w.logged == nil && w.testBegan() {
		w.logged = make(chan struct{})
		go func(done chan<- struct{}, container string) {
			defer close(done)
			w.copyLog(ctx, pod, container)
		}(w.logged, w.testContainer())
	}
	return job.Complete(), nil
}

// unless is the error, unless the run was interrupted.
func (w *watchedRun) unless(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return fmt.Errorf("looking at the run: %w", err)
}

// testContainer is the name of the container whose log is shown: the job's first.
func (w *watchedRun) testContainer() string { return w.pod.Spec.Containers[0].Name }

func (w *watchedRun) testBegan() bool {
	status := statusOf(w.pod.Status.ContainerStatuses, w.testContainer())
	return status != nil && (status.State.Running != nil || status.State.Terminated != nil)
}

func statusOf(all []corev1.ContainerStatus, name string) *corev1.ContainerStatus {
	for i := range all {
		if all[i].Name == name {
			return &all[i]
		}
	}
	return nil
}

// tellWaiting says once each why the pod is not further.
func (w *watchedRun) tellWaiting() {
	statuses := append(append([]corev1.ContainerStatus{}, w.pod.Status.InitContainerStatuses...), w.pod.Status.ContainerStatuses...)
	for _, s := range statuses {
		waiting := s.State.Waiting
		if waiting == nil || waiting.Message == "" {
			continue
		}
		if fact := fmt.Sprintf("%s waits: %s: %s", s.Name, waiting.Reason, waiting.Message); !w.told[fact] {
			w.told[fact] = true
			fmt.Fprintln(w.notes, fact)
		}
	}
}

// copyLog writes a container's log to its end.
func (w *watchedRun) copyLog(ctx context.Context, pod *corev1.Pod, container string) {
	stream, err := w.machine.Kube.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: container, Follow: true}).Stream(ctx)
	if err == nil {
		_, err = io.Copy(w.out, stream)
		_ = stream.Close()
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(w.notes, "the log of %s cannot be read: %v\n", container, err)
	}
}

// conclude says how the run ended and where its results are.
func (w *watchedRun) conclude(ctx context.Context) error {
	if w.logged != nil {
		select {
		case <-w.logged:
		case <-ctx.Done():
			return errors.New("interrupted")
		}
	}
	what := fmt.Sprintf("%s: %s", w.job.Spec.Job, w.job.Status.State)
	if w.pod != nil {
		if failed := w.failedInit(); failed != "" {
			fmt.Fprintf(w.notes, "%s failed:\n", failed)
			w.copyLog(ctx, w.pod, failed)
		}
		if status := statusOf(w.pod.Status.ContainerStatuses, w.testContainer()); status != nil && status.State.Terminated != nil {
			what += fmt.Sprintf(", exit code %d", status.State.Terminated.ExitCode)
		}
	}
	if decoration := w.job.Spec.DecorationConfig; decoration != nil {
		spec := jobspec.Of(w.job)
		fmt.Fprintf(w.notes, "results: %s\n", filepath.Join(w.machine.Bucket, layout.RunDir(decoration.GCSConfiguration, &spec)))
	}
	if w.job.Status.State != prowv1.SuccessState {
		return fmt.Errorf("%s (%s)", what, w.job.Status.Description)
	}
	fmt.Fprintln(w.notes, what)
	return nil
}

// failedInit is the name of the init container that failed, "" if none did.
func (w *watchedRun) failedInit() string {
	for _, s := range w.pod.Status.InitContainerStatuses {
		if s.State.Terminated != nil && s.State.Terminated.ExitCode != 0 {
			return s.Name
		}
	}
	return ""
}
