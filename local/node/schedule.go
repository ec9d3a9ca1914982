// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"knative.dev/pkg/logging"
)

// A scheduler binds pods to the node, oldest first, while it has room.
type scheduler struct {
	node *Node
	kick chan struct{}

	mu      sync.Mutex
	waiting map[types.UID]*corev1.Pod
	told    map[types.UID]bool // that there is no room
	placed  map[types.UID]bool // take up room
}

// parallelBinds is how many pods are bound at the same time.
const parallelBinds = 8

func newScheduler(n *Node) *scheduler {
	return &scheduler{
		node: n, kick: make(chan struct{}, 1),
		waiting: map[types.UID]*corev1.Pod{}, told: map[types.UID]bool{}, placed: map[types.UID]bool{},
	}
}

// observe takes note of a pod's new state.
func (s *scheduler) observe(pod *corev1.Pod) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case pod.Spec.NodeName == s.node.opts.Name && !terminal(pod):
		s.placed[pod.UID] = true
		delete(s.waiting, pod.UID)
		delete(s.told, pod.UID)
	case pod.Spec.NodeName != "" || terminal(pod) || pod.DeletionTimestamp != nil || len(pod.Spec.SchedulingGates) > 0:
		delete(s.waiting, pod.UID)
		delete(s.told, pod.UID)
		if terminal(pod) {
			// Its worker has said so too, but maybe before an older state of
			// the pod arrived here.
			delete(s.placed, pod.UID)
			s.wake()
		}
	default:
		s.waiting[pod.UID] = pod
		s.wake()
	}
}

// vanished takes note that a pod's object is gone.
func (s *scheduler) vanished(pod *corev1.Pod) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, pod.UID)
	delete(s.told, pod.UID)
}

// release makes room.
func (s *scheduler) release(uid types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.placed, uid)
	s.wake()
}

func (s *scheduler) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// run binds pods until ctx ends.
func (s *scheduler) run(ctx context.Context) error {
	for {
		select {
		case <-s.kick:
		case <-ctx.Done():
			return nil
		}
		bind, full := s.choose()
		var group errgroup.Group
		group.SetLimit(parallelBinds)
		for _, pod := range bind {
			group.Go(func() error { s.bind(ctx, pod); return nil })
		}
		for _, pod := range full {
			group.Go(func() error { s.tell(ctx, pod); return nil })
		}
		_ = group.Wait()
	}
}

// choose decides which of the waiting pods to bind, and which to tell that
// there is no room for them.
func (s *scheduler) choose() (bind, full []*corev1.Pod) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var pods []*corev1.Pod
	for uid, pod := range s.waiting {
		if !s.placed[uid] {
			pods = append(pods, pod)
		}
	}
	slices.SortFunc(pods, func(a, b *corev1.Pod) int {
		return a.CreationTimestamp.Compare(b.CreationTimestamp.Time)
	})
	room := max(0, min(s.node.opts.MaxPods-len(s.placed), len(pods)))
	for _, pod := range pods[:room] {
		s.placed[pod.UID] = true
		bind = append(bind, pod)
	}
	for _, pod := range pods[room:] {
		if !s.told[pod.UID] {
			s.told[pod.UID] = true
			full = append(full, pod)
		}
	}
	return bind, full
}

// bind gives pod to the node.
func (s *scheduler) bind(ctx context.Context, pod *corev1.Pod) {
	err := s.node.client.CoreV1().Pods(pod.Namespace).Bind(ctx, &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
		Target:     corev1.ObjectReference{Kind: "Node", Name: s.node.opts.Name},
	}, metav1.CreateOptions{})
	if err == nil {
		s.node.events.bound(pod, s.node.opts.Name)
		return
	}
	s.release(pod.UID)
	if ctx.Err() != nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return // gone, or bound by somebody else: its watch will tell
	}
	logging.FromContext(ctx).Warnw("binding a pod", "pod", podKey(pod), "error", err)
	time.AfterFunc(s.node.opts.RetryInterval, s.wake)
}

// tell records on pod that there is no room for it.
func (s *scheduler) tell(ctx context.Context, pod *corev1.Pod) {
	message := fmt.Sprintf("0/1 nodes are available: 1 Too many pods (at most %d run at the same time).", s.node.opts.MaxPods)
	status := pod.Status.DeepCopy()
	status.Conditions = slices.DeleteFunc(status.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodScheduled })
	status.Conditions = append(status.Conditions, corev1.PodCondition{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable,
		Message: message, LastTransitionTime: metav1.Now(),
	})
	patch, err := statusPatch(pod.UID, pod.Status, *status)
	if err == nil {
		_, err = s.node.client.CoreV1().Pods(pod.Namespace).Patch(
			ctx, pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	}
	if err != nil && ctx.Err() == nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		logging.FromContext(ctx).Warnw("telling that there is no room for a pod", "pod", podKey(pod), "error", err)
	}
}
