// SPDX-License-Identifier: Apache-2.0

package crier

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/logging"
	"knative.dev/pkg/reconciler"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/injection/client"
	prowjobinformer "github.com/cutwater-ci/cutwater/internal/client/injection/informers/prowjobs/v1/prowjob"
)

// NewController returns the controller that feeds ProwJobs to one reporter,
// with the client and the informer that knative.dev/pkg/injection put in ctx.
// The informer may leave out spec.pod_spec; crier does not look at it.
func NewController(ctx context.Context, reporter Reporter, opts Options) (*controller.Impl, error) {
	opts = opts.withDefaults()
	informer := prowjobinformer.Get(ctx)
	r := &Reconciler{
		reporter: reporter,
		lister:   informer.Lister(),
		client:   prowclient.Get(ctx).ProwV1(),
		timeout:  opts.Timeout,
		now:      opts.Now,
		metrics:  newMetrics(opts.Metrics),
	}

	name := "crier." + reporter.Name()
	impl := controller.NewContext(ctx, r, controller.ControllerOptions{
		WorkQueueName: name,
		// The work queue logs each reconcile at level info; that is left out.
		Logger:      logging.FromContext(ctx).Named(name).Desugar().WithOptions(zap.IncreaseLevel(zap.WarnLevel)).Sugar(),
		Concurrency: opts.Workers,
		RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[any](firstRetry, slowestRetry),
	})

	r.PromoteFunc = func(bucket reconciler.Bucket, _ func(reconciler.Bucket, types.NamespacedName)) error {
		jobs, err := r.lister.List(labels.Everything())
		if err != nil {
			return err
		}
		for _, pj := range jobs {
			if due(reporter, pj) && bucket.Has(owner(pj)) {
				impl.EnqueueSlow(pj)
			}
		}
		return nil
	}
	r.DemoteFunc = func(reconciler.Bucket) { r.told.Clear() } // another replica goes on from here
	_, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { r.enqueueDue(impl, obj) },
		UpdateFunc: func(_, obj any) { r.enqueueDue(impl, obj) },
		DeleteFunc: func(obj any) { r.forget(obj) },
	})
	if err != nil {
		return nil, fmt.Errorf("watching ProwJobs for %s: %w", name, err)
	}
	return impl, nil
}

// After an error a job is tried again after ever longer times.
const (
	firstRetry   = 100 * time.Millisecond
	slowestRetry = 5 * time.Minute
)

// enqueueDue queues a job whose state is still to be reported.
func (r *Reconciler) enqueueDue(impl *controller.Impl, obj any) {
	pj, ok := obj.(*prowv1.ProwJob)
	if !ok {
		return
	}
	if pj.Status.PrevReportStates[r.reporter.Name()] == pj.Status.State {
		r.forget(pj)
		return
	}
	if due(r.reporter, pj) && r.IsLeaderFor(owner(pj)) {
		impl.Enqueue(pj)
	}
}
