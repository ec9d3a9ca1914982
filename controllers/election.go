// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/logging"
	"knative.dev/pkg/reconciler"
)

// leases is where and how controllers are elected. Each has a lease of its
// own, so that replicas share them out, and only one bucket: plank's limits
// are exact because one process counts.
//
// knative.dev/pkg's own election reads its namespace from the process's
// environment, which a process with several instances cannot have.
type leases struct {
	client    kubernetes.Interface
	namespace string
	identity  string
	election  *election // nil elects everybody
	// fresh says whether the caches show all that was written so far; nil is always.
	fresh func(context.Context) (bool, error)
}

// stopGrace is how long work that has been begun may take to end after a stop signal.
const stopGrace = 10 * time.Second

// run runs a controller until ctx ends, and works only while it is elected. It
// gives its lease back after its last work is done.
func (l leases) run(ctx context.Context, lease string, impl *controller.Impl) error {
	worker := &elected{Reconciler: impl.Reconciler, stop: ctx}
	aware, ok := impl.Reconciler.(reconciler.LeaderAware)
	if !ok {
		return fmt.Errorf("controller %s knows nothing of leaders", impl.Name)
	}
	impl.Reconciler = worker
	log := logging.FromContext(ctx).With("controller", impl.Name)
	promote := func(term context.Context) {
		if !l.untilFresh(term) {
			return
		}
		worker.begin(term)
		log.Info("elected")
		if err := aware.Promote(reconciler.UniversalBucket(), impl.MaybeEnqueueBucketKey); err != nil {
			log.Errorw("queueing what there is", "error", err)
		}
	}
	// Work outlives ctx, for a while: what has been begun shall end well.
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, stop) })()
	if l.election == nil {
		go promote(working)
		return impl.Run(ctx)
	}

	elector, err := l.elector(lease, worker.end, leaderelection.LeaderCallbacks{
		OnStartedLeading: promote,
		OnStoppedLeading: func() {
			log.Info("not elected any more")
			aware.Demote(reconciler.UniversalBucket())
		},
	})
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for working.Err() == nil {
			elector.Run(working)
		}
	}()
	err = impl.Run(ctx)
	stop()
	<-ended
	return err
}

// elector makes what holds a lease; it calls end before it gives the lease back.
func (l leases) elector(lease string, end func(), callbacks leaderelection.LeaderCallbacks) (*leaderelection.LeaderElector, error) {
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, l.namespace, lease,
		l.client.CoreV1(), l.client.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: l.identity})
	if err != nil {
		return nil, fmt.Errorf("making lease %s: %w", lease, err)
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Name:            lease,
		Lock:            ending{Interface: lock, end: end},
		LeaseDuration:   l.election.lease,
		RenewDeadline:   l.election.renew,
		RetryPeriod:     l.election.retry,
		ReleaseOnCancel: true,
		Callbacks:       callbacks,
	})
	if err != nil {
		return nil, fmt.Errorf("making an elector for lease %s: %w", lease, err)
	}
	return elector, nil
}

// ending ends the work before its lease is given back. The library does so the
// other way round when a lease could not be renewed in time, and another
// replica could begin while the last requests of this one are under way.
type ending struct {
	resourcelock.Interface

	end func()
}

// Update implements resourcelock.Interface.
func (e ending) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	if record.HolderIdentity == "" {
		e.end()
	}
	return e.Interface.Update(ctx, record)
}

// elected hides from a controller that its reconciler is elected, which is
// done here, cancels work whose term is over, refuses work once the process is
// to stop, and keeps a panic over one object from stopping the work on all others.
type elected struct {
	controller.Reconciler

	stop context.Context
	term atomic.Pointer[term]
}

// term is the time between being elected and losing that.
type term struct {
	context.Context

	end context.CancelFunc
}

// begin begins a term that ends with ctx, or sooner.
func (e *elected) begin(ctx context.Context) {
	ctx, end := context.WithCancel(ctx)
	e.term.Store(&term{Context: ctx, end: end})
}

// end ends the term, if there is one.
func (e *elected) end() {
	if term := e.term.Load(); term != nil {
		term.end()
	}
}

// Reconcile implements controller.Reconciler.
func (e *elected) Reconcile(ctx context.Context, key string) (err error) {
	term := e.term.Load()
	if term == nil || term.Err() != nil || e.stop.Err() != nil {
		return controller.NewSkipKey(key)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(term, cancel)() //nolint:contextcheck // the end of the term ends it, too
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("reconciling %s panicked: %v", key, panicked)
			logging.FromContext(ctx).Errorw("a reconcile panicked", "key", key, "panic", panicked, "stack", string(debug.Stack()))
		}
	}()
	return e.Reconciler.Reconcile(ctx, key)
}
