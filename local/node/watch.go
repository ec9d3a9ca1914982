// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/tools/cache"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/local/node/sandbox"
)

// watchPods gives each pod bound to this node its worker, and the scheduler
// those bound to none. Workers live as long as life.
func (n *Node) watchPods(ctx, life context.Context) error {
	source := cache.NewListWatchFromClient(n.client.CoreV1().RESTClient(), "pods", metav1.NamespaceAll, fields.Everything())
	store, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: source,
		ObjectType:    &corev1.Pod{},
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    func(obj any) { n.observe(life, obj) },
			UpdateFunc: func(_, obj any) { n.observe(life, obj) },
			DeleteFunc: n.vanished,
		},
	})
	go func() {
		if cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			n.removeOrphans(ctx, store)
		}
	}()
	informer.RunWithContext(ctx)
	return nil
}

// observe takes note of a pod's new state.
func (n *Node) observe(life context.Context, obj any) {
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return
	}
	n.scheduler.observe(pod)
	if pod.Spec.NodeName != n.opts.Name {
		return
	}
	n.mu.Lock()
	w, known := n.workers[pod.UID]
	if !known && !n.stopping {
		w = n.newWorker(life, pod)
		n.workers[pod.UID] = w
		n.working.Go(func() {
			w.run(life)
			n.mu.Lock()
			delete(n.workers, pod.UID)
			n.mu.Unlock()
			n.released(w)
		})
	}
	n.mu.Unlock()
	if w != nil {
		w.observe(pod)
	}
}

// vanished takes note that a pod's object is gone.
func (n *Node) vanished(obj any) {
	if tombstone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = tombstone.Obj
	}
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return
	}
	n.scheduler.vanished(pod)
	n.mu.Lock()
	w := n.workers[pod.UID]
	n.mu.Unlock()
	if w == nil {
		n.scheduler.release(pod.UID)
		return
	}
	// Until its worker has stopped it, it takes up room.
	w.vanish()
}

// isStopping says whether the node itself is being ended.
func (n *Node) isStopping() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stopping
}

// released tells the scheduler that the pod takes up no more room.
func (n *Node) released(w *worker) { n.scheduler.release(w.pod.UID) }

// workerOf finds the worker of a pod by name; with several, before the older
// is gone, the younger.
func (n *Node) workerOf(namespace, name string) (*worker, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var found *worker
	for _, w := range n.workers {
		if w.pod.Namespace == namespace && w.pod.Name == name &&
			(found == nil || found.pod.CreationTimestamp.Before(&w.pod.CreationTimestamp)) {
			found = w
		}
	}
	return found, found != nil
}

// removeOrphans removes the files of pods whose objects are gone.
func (n *Node) removeOrphans(ctx context.Context, pods cache.Store) {
	entries, err := os.ReadDir(n.podsDir())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		logging.FromContext(ctx).Warnw("looking for files of former pods", "error", err)
	}
	known := map[string]bool{}
	for _, obj := range pods.List() {
		if pod, ok := obj.(*corev1.Pod); ok {
			known[string(pod.UID)] = true
		}
	}
	for _, e := range entries {
		n.mu.Lock()
		for uid := range n.workers {
			known[string(uid)] = true
		}
		n.mu.Unlock()
		if known[e.Name()] || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := sandbox.RemoveAll(filepath.Join(n.podsDir(), e.Name())); err != nil {
			logging.FromContext(ctx).Warnw("removing files of a former pod", "error", fmt.Errorf("pod %s: %w", e.Name(), err))
		}
	}
}
