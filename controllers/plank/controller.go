// SPDX-License-Identifier: Apache-2.0

// Package plank runs ProwJobs as pods.
//
// Starts on: each change of a ProwJob with agent kubernetes and of its pod.
// Changes: pods (one for each run, of the run's name) on the build clusters,
// and the status of ProwJobs: triggered → pending → success, failure, error or
// aborted. Config: plank. In Prow: plank, in prow-controller-manager.
//
// A reconcile reads the ProwJob and its pod, lets decide, which is pure, say
// what to do next, and does it. Everything bears repeating: a pod has its
// run's name, so that there is never a second one, and a status is patched
// only if the ProwJob has not changed since it was read.
package plank

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/kmeta"
	"knative.dev/pkg/logging"
	"knative.dev/pkg/reconciler"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/injection/client"
	prowjobinformer "github.com/cutwater-ci/cutwater/internal/client/injection/informers/prowjobs/v1/prowjob"
	prowjobreconciler "github.com/cutwater-ci/cutwater/internal/client/injection/reconciler/prowjobs/v1/prowjob"
)

// NewController returns plank's controller. The client and the informer of
// ProwJobs and the event recorder are on the context (knative.dev/pkg/injection);
// neither that informer nor those of the clusters' pods may have been started yet.
func NewController(ctx context.Context, options Options) (*controller.Impl, error) {
	informer := prowjobinformer.Get(ctx)
	jobs := informer.Informer()
	if err := jobs.AddIndexers(cache.Indexers{duplicatesIndex: indexDuplicates}); err != nil {
		return nil, fmt.Errorf("indexing ProwJobs: %w", err)
	}
	log := logging.FromContext(ctx).Named("plank")
	r := &Reconciler{
		Options: options.withDefaults(),
		client:  prowclient.Get(ctx).ProwV1(),
		jobs:    jobs.GetIndexer(),
		limits:  newLimits(),
		log:     log,
	}
	// The work queue logs each reconcile at level info; that is left out.
	quiet := log.Desugar().WithOptions(zap.IncreaseLevel(zap.WarnLevel)).Sugar()
	generated := prowjobreconciler.NewReconciler(ctx, quiet, prowclient.Get(ctx), informer.Lister(),
		controller.GetEventRecorder(ctx), r, controller.Options{SkipStatusUpdates: true})
	elected, ok := generated.(electable)
	if !ok {
		return nil, errors.New("the generated reconciler knows nothing of leaders")
	}
	impl := controller.NewContext(ctx, counted{electable: elected, count: r.count}, controller.ControllerOptions{
		WorkQueueName: "plank",
		Logger:        quiet,
		Concurrency:   r.Workers,
		RateLimiter:   workqueue.NewTypedItemExponentialFailureRateLimiter[any](firstRetry, slowestRetry),
	})
	if err := r.watch(impl, jobs); err != nil {
		return nil, err
	}
	if r.Metrics == nil {
		return impl, nil
	}
	// This process works on ProwJobs or not: there is one bucket, so that any key tells.
	leads := func() bool { return elected.IsLeaderFor(types.NamespacedName{}) }
	return impl, newMetrics(r.jobs, leads).register(r.Metrics, jobs)
}

// After an error or a conflict, a ProwJob is looked at again after ever longer
// times, but never so long that a recovered API server goes unnoticed.
const (
	firstRetry   = 5 * time.Millisecond
	slowestRetry = 30 * time.Second
)

// electable is what a generated reconciler is.
type electable interface {
	controller.Reconciler
	reconciler.LeaderAware
	IsLeaderFor(key types.NamespacedName) bool
}

// counted is a reconciler that counts before it begins to work.
type counted struct {
	electable

	count func()
}

// Promote implements reconciler.LeaderAware.
func (c counted) Promote(b reconciler.Bucket, queue func(reconciler.Bucket, types.NamespacedName)) error {
	c.count()
	return c.electable.Promote(b, queue)
}

// count has the limits know all that the caches show, of which the informers'
// news may be on their way yet.
func (r *Reconciler) count() {
	for _, obj := range r.jobs.List() {
		if pj, ok := obj.(*prowv1.ProwJob); ok {
			r.limits.observe(pj, r.hasPod(pj))
		}
	}
}

// watch makes the informers' news into work.
func (r *Reconciler) watch(impl *controller.Impl, jobs cache.SharedIndexInformer) error {
	wake := func() {
		for _, name := range r.limits.ready(r.Settings()) {
			impl.EnqueueKey(types.NamespacedName{Namespace: r.Namespace, Name: name})
		}
	}
	seen := func(obj any) {
		pj, ok := obj.(*prowv1.ProwJob)
		if !ok {
			return
		}
		if freed := r.limits.observe(pj, r.hasPod(pj)); freed {
			wake()
		}
		if r.worthALook(pj) {
			impl.Enqueue(pj)
		}
	}
	if _, err := jobs.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    seen,
		UpdateFunc: controller.PassNew(seen),
		DeleteFunc: func(obj any) {
			if pj, err := kmeta.DeletionHandlingAccessor(obj); err == nil && r.limits.forget(pj.GetName()) {
				wake()
			}
		},
	}); err != nil {
		return fmt.Errorf("watching ProwJobs: %w", err)
	}
	for alias, cluster := range r.Clusters {
		enqueue := func(obj any) {
			if pod, err := kmeta.DeletionHandlingAccessor(obj); err == nil {
				impl.EnqueueKey(types.NamespacedName{Namespace: r.Namespace, Name: pod.GetName()})
			}
		}
		if _, err := cluster.Pods.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: func(obj any) {
				if pod, ok := obj.(*corev1.Pod); ok {
					r.limits.podSeen(pod.Name)
				}
				enqueue(obj)
			},
			UpdateFunc: controller.PassNew(enqueue),
			DeleteFunc: enqueue,
		}); err != nil {
			return fmt.Errorf("watching pods of cluster %s: %w", alias, err)
		}
	}
	return nil
}

// worthALook says whether there may be something to do about a ProwJob.
// Complete ones are many, and matter only as long as their pods live on.
func (r *Reconciler) worthALook(obj any) bool {
	pj, ok := obj.(*prowv1.ProwJob)
	return ok && ours(pj) && (!pj.Complete() || r.hasPod(pj))
}

func (r *Reconciler) hasPod(pj *prowv1.ProwJob) bool {
	cluster, ok := r.Clusters[pj.ClusterAlias()]
	if !ok {
		return false
	}
	_, ok = cluster.cached(pj.Name)
	return ok
}
