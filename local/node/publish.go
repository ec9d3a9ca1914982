// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"knative.dev/pkg/logging"
)

// A publisher writes a pod's status to the API server: the newest, however
// many changes there were meanwhile.
type publisher struct {
	dirty     chan struct{}
	published corev1.PodStatus // of the one goroutine that publishes
}

// The pauses between tries while the API server does not answer.
const (
	firstRetry = 100 * time.Millisecond
	apiTimeout = 20 * time.Second
)

// changed has the pod's status published.
func (w *worker) changed() {
	select {
	case w.publisher.dirty <- struct{}{}:
	default:
	}
}

// publishChanges publishes whenever something has changed, until end, or until
// ctx ends, which also breaks off what is being written.
func (w *worker) publishChanges(ctx context.Context, end <-chan struct{}) {
	retry := backoff{first: firstRetry}
	for {
		select {
		case <-end:
			return
		default:
		}
		select {
		case <-w.publisher.dirty:
		case <-end:
			return
		}
		err := w.publish(ctx)
		switch {
		case err == nil:
			retry.reset()
		case ctx.Err() != nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err):
			// The pod is gone, which its watch will tell.
		default:
			logging.FromContext(ctx).Warnw("writing a pod's status", "pod", podKey(w.pod), "error", err)
			if !retriable(err) {
				continue
			}
			timer := time.NewTimer(retry.step())
			select {
			case <-timer.C:
				w.changed()
			case <-end:
				timer.Stop()
				return
			}
		}
	}
}

// publishFinal publishes until it succeeds or there is nothing to publish to.
func (w *worker) publishFinal(ctx context.Context) {
	w.persist(ctx, "writing a pod's final status", w.publish)
}

// deleteObject removes the pod's object, whose containers have ended.
func (w *worker) deleteObject(ctx context.Context) {
	var now int64
	options := metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: metav1.NewUIDPreconditions(string(w.pod.UID))}
	w.persist(ctx, "deleting a pod", func(ctx context.Context) error {
		return w.node.client.CoreV1().Pods(w.pod.Namespace).Delete(ctx, w.pod.Name, options)
	})
}

// persist calls do until it succeeds or cannot.
func (w *worker) persist(ctx context.Context, what string, do func(context.Context) error) {
	for retry := (backoff{first: firstRetry}); ; {
		err := do(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		if !retriable(err) {
			if !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
				logging.FromContext(ctx).Errorw(what, "pod", podKey(w.pod), "error", err)
			}
			return
		}
		logging.FromContext(ctx).Warnw(what, "pod", podKey(w.pod), "error", err)
		if !pause(ctx, retry.step()) {
			return
		}
	}
}

// retriable says whether an error of the API server may be gone the next time.
func retriable(err error) bool {
	return !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) && !apierrors.IsInvalid(err) &&
		!apierrors.IsForbidden(err) && !apierrors.IsBadRequest(err)
}

// publish writes what has changed since the last time.
func (w *worker) publish(ctx context.Context) error {
	status := w.status()
	if equality.Semantic.DeepEqual(status, w.publisher.published) {
		return nil
	}
	patch, err := statusPatch(w.pod.UID, w.publisher.published, status)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	_, err = w.node.client.CoreV1().Pods(w.pod.Namespace).Patch(
		ctx, w.pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil {
		return fmt.Errorf("writing the status of pod %s: %w", podKey(w.pod), err)
	}
	w.publisher.published = status
	return nil
}

// statusPatch is the patch that changes a pod's status from one to another,
// provided the pod has that uid.
func statusPatch(uid types.UID, from, to corev1.PodStatus) ([]byte, error) {
	before, err := json.Marshal(corev1.Pod{Status: from})
	if err != nil {
		return nil, fmt.Errorf("encoding a pod's status: %w", err)
	}
	after, err := json.Marshal(corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: uid}, Status: to})
	if err != nil {
		return nil, fmt.Errorf("encoding a pod's status: %w", err)
	}
	patch, err := strategicpatch.CreateTwoWayMergePatch(before, after, corev1.Pod{})
	if err != nil {
		return nil, fmt.Errorf("comparing a pod's status: %w", err)
	}
	return patch, nil
}
