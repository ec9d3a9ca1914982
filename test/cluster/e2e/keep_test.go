// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"
)

// keeper writes what is wanted after a failure into a folder: what Cutwater's
// pods print, from their beginning, since they are gone when somebody looks; and
// in the end what all others printed, events, ProwJobs, and the last states of
// pods of jobs. Pods that the API server tells of while it is away are followed
// afterwards.
type keeper struct {
	kube kubernetes.Interface
	dir  string

	mu       sync.Mutex
	followed map[string]bool
}

// keep writes into the folder E2E_DIR, if it is given.
func keep(t *testing.T, w *world) {
	dir := os.Getenv("E2E_DIR")
	if dir == "" {
		return
	}
	k := &keeper{kube: w.kube, dir: filepath.Join(dir, "pods"), followed: map[string]bool{}}
	if err := os.MkdirAll(k.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w.pods.onChange(func(pod *corev1.Pod) { k.follow(t.Context(), pod) })
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		if err := errors.Join(k.rest(ctx, w), k.objects(ctx, w, dir)); err != nil {
			t.Logf("keeping what there is to see: %v", err)
		}
	})
}

// follow copies what the running containers of a pod of ours print.
func (k *keeper) follow(ctx context.Context, pod *corev1.Pod) {
	if pod.Namespace != ours {
		return
	}
	for _, c := range pod.Status.ContainerStatuses {
		name := fmt.Sprintf("%s_%s_%d", pod.Name, c.Name, c.RestartCount)
		k.mu.Lock()
		skip := c.State.Running == nil || k.followed[name]
		k.followed[name] = k.followed[name] || !skip
		k.mu.Unlock()
		if skip {
			continue
		}
		go func() {
			// What breaks off is begun again when the pod next changes.
			_ = k.copy(ctx, pod, name, &corev1.PodLogOptions{Container: c.Name, Follow: true})
			k.mu.Lock()
			defer k.mu.Unlock()
			delete(k.followed, name)
		}()
	}
}

// copy writes a container's log, from its beginning.
func (k *keeper) copy(ctx context.Context, pod *corev1.Pod, name string, o *corev1.PodLogOptions) error {
	stream, err := k.kube.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, o).Stream(ctx)
	if err != nil {
		return err
	}
	defer stream.Close()
	file, err := os.Create(filepath.Join(k.dir, name+".log"))
	if err != nil {
		return err
	}
	_, err = io.Copy(file, stream)
	return errors.Join(err, file.Close())
}

// rest copies the logs of the other pods that are there.
func (k *keeper) rest(ctx context.Context, w *world) error {
	all, err := w.kube.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, pod := range all.Items {
		for _, c := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
			if pod.Namespace == ours || c.State.Waiting != nil {
				continue
			}
			if err := k.copy(ctx, &pod, pod.Name+"_"+c.Name, &corev1.PodLogOptions{Container: c.Name}); err != nil {
				return err
			}
		}
	}
	return nil
}

// objects writes the events and ProwJobs that there are, and how pods of jobs
// were last seen, those too that are gone.
func (k *keeper) objects(ctx context.Context, w *world, dir string) error {
	events, err := w.kube.CoreV1().Events(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	runs, err := w.prow.ProwV1().ProwJobs(ours).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var pods []*corev1.Pod
	for _, seen := range w.pods.in(jobs) {
		pods = append(pods, seen.pod)
	}
	var failed error
	for name, what := range map[string]any{"events.yaml": events.Items, "prowjobs.yaml": runs.Items, "pods.yaml": pods} {
		content, err := yaml.Marshal(what)
		failed = errors.Join(failed, err, os.WriteFile(filepath.Join(dir, name), content, 0o644))
	}
	return failed
}
