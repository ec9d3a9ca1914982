// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"k8s.io/apimachinery/pkg/types"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/logging"
	"knative.dev/pkg/reconciler"
)

// stopGrace is how long work that has been begun may take to end when it is to be left to another replica.
const stopGrace = 10 * time.Second

// term is a time during which a replica holds a lease, and its controller works.
// It ends with its context, at a time that each renewal moves.
type term struct {
	context.Context

	end   context.CancelFunc
	timer *time.Timer // nil when the term has no end of its own

	mu       sync.Mutex
	draining bool
	work     sync.WaitGroup // what is done in the term
}

func newTerm(ctx context.Context) *term {
	t := &term{}
	t.Context, t.end = context.WithCancel(ctx)
	return t
}

// until has the term end then.
func (t *term) until(end time.Time) {
	if t.timer == nil {
		t.timer = time.AfterFunc(time.Until(end), t.end)
		return
	}
	t.timer.Reset(time.Until(end))
}

// begin says whether work may begin; then done is to be called when it has ended.
func (t *term) begin() (done func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.draining || t.Err() != nil {
		return nil, false
	}
	t.work.Add(1)
	return t.work.Done, true
}

// over says that no more work may begin.
func (t *term) over() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.draining || t.Err() != nil
}

// drain ends the term well: nothing new is begun, and what was begun has a while to end.
func (t *term) drain() {
	t.mu.Lock()
	t.draining = true
	t.mu.Unlock()
	late := time.AfterFunc(stopGrace, t.end)
	t.work.Wait()
	late.Stop()
	t.end()
}

// elected hides from a controller that its reconciler is elected, which is
// done here, cancels work whose term is over, refuses work once the process is
// to stop, and keeps a panic over one object from stopping the work on all others.
type elected struct {
	controller.Reconciler

	stop  context.Context
	aware reconciler.LeaderAware
	queue func(reconciler.Bucket, types.NamespacedName)
	fresh func(context.Context) bool
	log   *zap.SugaredLogger
	term  atomic.Pointer[term]
}

// newElected puts itself between a controller and its reconciler. The
// reconciler works until stop ends, while it is elected; before it begins, fresh
// waits for the caches.
func newElected(stop context.Context, impl *controller.Impl, fresh func(context.Context) bool) (*elected, error) {
	aware, ok := impl.Reconciler.(reconciler.LeaderAware)
	if !ok {
		return nil, fmt.Errorf("controller %s knows nothing of leaders", impl.Name)
	}
	e := &elected{
		Reconciler: impl.Reconciler, stop: stop, aware: aware, queue: impl.MaybeEnqueueBucketKey, fresh: fresh,
		log: logging.FromContext(stop).With("controller", impl.Name),
	}
	impl.Reconciler = e
	return e, nil
}

// serve has the controller work from the beginning of a term, once the caches
// show all that was written before it, to its end.
func (e *elected) serve(t *term) {
	if !e.fresh(t) {
		return
	}
	e.term.Store(t)
	e.log.Info("elected")
	if err := e.aware.Promote(reconciler.UniversalBucket(), e.queue); err != nil {
		e.log.Errorw("queueing what there is", "error", err)
	}
	<-t.Done()
	e.log.Info("not elected any more")
	e.aware.Demote(reconciler.UniversalBucket())
}

// Reconcile implements controller.Reconciler.
func (e *elected) Reconcile(ctx context.Context, key string) (err error) {
	t := e.term.Load()
	if t == nil || e.stop.Err() != nil {
		return controller.NewSkipKey(key)
	}
	done, ok := t.begin()
	if !ok {
		return controller.NewSkipKey(key)
	}
	defer done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(t, cancel)() //nolint:contextcheck // the end of the term ends it, too
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("reconciling %s panicked: %v", key, panicked)
			logging.FromContext(ctx).Errorw("a reconcile panicked", "key", key, "panic", panicked, "stack", string(debug.Stack()))
		}
	}()
	return e.Reconciler.Reconcile(ctx, key)
}
