// SPDX-License-Identifier: Apache-2.0

package crier

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"knative.dev/pkg/kmeta"
	"knative.dev/pkg/reconciler"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/typed/prowjobs/v1"
	prowlisters "github.com/cutwater-ci/cutwater/internal/client/listers/prowjobs/v1"
)

// Reconciler tells one reporter about ProwJobs.
//
// It is not the generated one: that one shares jobs out among replicas by
// their names, and this one by their pulls (see owner).
type Reconciler struct {
	reconciler.LeaderAwareFuncs

	reporter Reporter
	lister   prowlisters.ProwJobLister
	client   prowclient.ProwJobsGetter
	timeout  time.Duration
	now      func() time.Time
	metrics  metrics

	// told holds, by UID, a state that was reported and recorded, until the
	// informer shows the record: the cache lags behind our own patches.
	told sync.Map
}

// Reconcile reports the present state of a job, unless that has been done.
func (r *Reconciler) Reconcile(ctx context.Context, key string) error {
	namespace, name, err := cache.SplitMetaNamespaceKey(key)
	if err != nil {
		return nil // no such key is ever queued
	}
	pj, err := r.lister.ProwJobs(namespace).Get(name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if !due(r.reporter, pj) || r.hasTold(pj) || !r.IsLeaderFor(owner(pj)) {
		return nil
	}

	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	err = r.reporter.Report(ctx, pj)
	r.metrics.observe(r.reporter.Name(), r.now().Sub(since(pj)), err)
	if err != nil {
		return fmt.Errorf("reporting %s of %s: %w", pj.Status.State, key, err)
	}
	return r.record(ctx, pj)
}

// record notes on the job that its state was reported. The patch names
// nothing else, so it cannot undo what plank writes at the same time.
func (r *Reconciler) record(ctx context.Context, pj *prowv1.ProwJob) error {
	patch, err := json.Marshal(map[string]any{"status": map[string]any{
		"prev_report_states": map[string]any{r.reporter.Name(): pj.Status.State},
	}})
	if err != nil {
		return err
	}
	_, err = r.client.ProwJobs(pj.Namespace).Patch(ctx, pj.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if apierrors.IsNotFound(err) {
		return nil // and nobody would make us forget it
	}
	if err != nil {
		return fmt.Errorf("recording the report of %s/%s: %w", pj.Namespace, pj.Name, err)
	}
	r.told.Store(pj.UID, pj.Status.State)
	return nil
}

func (r *Reconciler) hasTold(pj *prowv1.ProwJob) bool {
	state, ok := r.told.Load(pj.UID)
	return ok && state == pj.Status.State
}

// forget drops what is remembered of a job that is gone, or that carries the record itself.
func (r *Reconciler) forget(obj any) {
	if object, err := kmeta.DeletionHandlingAccessor(obj); err == nil {
		r.told.Delete(object.GetUID())
	}
}

// owner is what decides which replica reports a job: its pull, so that what is
// said on one pull is said by one process; without a pull, the job itself.
func owner(pj *prowv1.ProwJob) types.NamespacedName {
	refs := pj.Spec.Refs
	if refs == nil || len(refs.Pulls) == 0 {
		return types.NamespacedName{Namespace: pj.Namespace, Name: pj.Name}
	}
	return types.NamespacedName{Namespace: refs.OrgRepo(), Name: strconv.Itoa(refs.Pulls[0].Number)}
}

// since is when the job entered its present state, as far as it is known.
func since(pj *prowv1.ProwJob) time.Time {
	switch status := pj.Status; {
	case status.CompletionTime != nil:
		return status.CompletionTime.Time
	case status.PendingTime != nil:
		return status.PendingTime.Time
	default:
		return status.StartTime.Time
	}
}
