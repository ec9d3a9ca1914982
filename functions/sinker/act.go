// SPDX-License-Identifier: Apache-2.0

package sinker

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// cleanRuns deletes ProwJobs, each only as it was when that was decided.
func (s *sinker) cleanRuns(ctx context.Context, namespace string, removals []runRemoval, t *tally) {
	each(ctx, removals, t, func(r runRemoval) {
		err := s.prow.ProwV1().ProwJobs(namespace).Delete(ctx, r.run.Name, metav1.DeleteOptions{
			Preconditions: &metav1.Preconditions{UID: &r.run.UID, ResourceVersion: &r.run.ResourceVersion},
		})
		t.add(r.reason, err, "deleting ProwJob "+r.run.Name)
	})
}

// cleanPods does what was decided about a build cluster's pods.
func cleanPods(ctx context.Context, c cluster, namespace string, actions []podAction, t *tally) {
	each(ctx, actions, t, func(a podAction) {
		pods, p := c.kube.CoreV1().Pods(namespace), a.pod
		where := " pod " + p.name + " of build cluster " + c.alias
		if a.release {
			if _, err := pods.Patch(ctx, p.name, types.MergePatchType, p.released(), metav1.PatchOptions{}); err != nil && !vanished(err) {
				t.fail(err, "taking the reporter's finalizer from"+where)
				return
			}
		}
		if a.remove {
			err := pods.Delete(ctx, p.name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &p.uid}})
			t.add(a.reason, err, "deleting"+where)
		}
	})
}

// released is the merge patch that takes the reporter's finalizer from the pod as it was seen.
func (p pod) released() []byte {
	rest := slices.DeleteFunc(slices.Clone(p.finalizers), func(f string) bool { return f == reporterFinalizer })
	patch, _ := json.Marshal(map[string]any{"metadata": map[string]any{ // strings always marshal
		"uid": p.uid, "resourceVersion": p.resourceVersion, "finalizers": rest,
	}})
	return patch
}

// each calls do for each of list, some at a time, until the tick's time is up.
func each[T any](ctx context.Context, list []T, t *tally, do func(T)) {
	var group errgroup.Group
	group.SetLimit(workers)
	for i, item := range list {
		if ctx.Err() != nil {
			t.count("timeout", fmt.Errorf("%d are left to the next time: %w", len(list)-i, context.Cause(ctx)))
			break
		}
		group.Go(func() error { do(item); return nil })
	}
	_ = group.Wait() // do tells the tally
}

// vanished says whether an object is gone, or is not what was looked at: a thing
// for the next time, and no failure.
func vanished(err error) bool { return apierrors.IsNotFound(err) || apierrors.IsConflict(err) }
