// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/logging"
)

// waitingLease is held by a replica that has fewer controllers than it could have.
const waitingLease = "cutwater-controller-waiting"

// replica is this process among those that share the controllers out. Each
// controller has a lease of its own, and only one bucket: plank's limits are
// exact because one process counts.
//
// One loop looks at all leases, decides, and acts. (knative.dev/pkg's election,
// and Kubernetes' own, know one lease each, and who is first has it until it ends.)
type replica struct {
	client   leaseClient
	identity string
	election election

	desks   []*desk
	waiting *lease
	wake    chan struct{} // has the loop look at once
	failing bool          // the last time
}

// desk is a controller and its lease.
type desk struct {
	*lease

	worker *elected
	// left is closed when the controller has ended for good.
	left chan struct{}
}

func newReplica(client leaseClient, identity string, e election) *replica {
	r := &replica{client: client, identity: identity, election: e, wake: make(chan struct{}, 1)}
	r.waiting = r.lease(waitingLease)
	return r
}

func (r *replica) lease(name string) *lease {
	return &lease{client: r.client, name: name, identity: r.identity, election: r.election}
}

// add has the replica run a controller, while it holds its lease, until leave
// is called. Nothing may be added any more once run was called.
func (r *replica) add(name string, worker *elected) (leave func()) {
	d := &desk{lease: r.lease(name), worker: worker, left: make(chan struct{})}
	r.desks = append(r.desks, d)
	return func() {
		close(d.left)
		r.look()
	}
}

func (r *replica) look() {
	select {
	case r.wake <- struct{}{}:
	default: // it is about to
	}
}

// interval is the time between two looks. A lease that was given back, or that
// expired, is taken within it.
func (e election) interval() time.Duration { return e.retry / 2 }

// run holds leases, and has their controllers work, until all have left. From
// the end of stop on it takes none, and at the end of ctx all terms end.
func (r *replica) run(ctx, stop context.Context) {
	for {
		errs, next := r.renew(ctx), r.election.interval()
		errs = append(errs, r.settle(ctx, stop)...)
		if r.empty() {
			return
		}
		if stop.Err() == nil {
			moved, failed := r.share(ctx)
			if moved { // so may others
				next /= 10
			}
			errs = append(errs, failed...)
		}
		r.complain(ctx, errs)
		timer := time.NewTimer(next)
		select {
		case <-timer.C:
		case <-r.wake:
		}
		timer.Stop()
	}
}

// renew renews what is ours and due.
func (r *replica) renew(ctx context.Context) []error {
	leases := r.leases()
	errs := make([]error, len(leases))
	var work sync.WaitGroup
	for i, l := range leases {
		if l.due(time.Now()) {
			work.Go(func() { errs[i] = l.renew(ctx) })
		}
	}
	work.Wait()
	return errs
}

// leases are all of them, the waiting lease last.
func (r *replica) leases() []*lease {
	var all []*lease
	for _, d := range r.desks {
		all = append(all, d.lease)
	}
	return append(all, r.waiting)
}

// settle gives back what is to be given back.
func (r *replica) settle(ctx, stop context.Context) []error {
	for _, d := range r.desks {
		if closed(d.left) && d.term != nil && d.drained == nil {
			d.giveBack(r.look)
		}
	}
	if stop.Err() != nil && r.waiting.term != nil && r.waiting.drained == nil {
		r.waiting.giveBack(r.look)
	}
	// The end of ctx ends terms; what follows from it remains to be done.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.election.renew)
	defer cancel()
	var errs []error
	for _, l := range r.leases() {
		errs = append(errs, l.settle(ctx))
	}
	return errs
}

// empty says that there is nothing left to hold a lease for.
func (r *replica) empty() bool {
	for _, d := range r.desks {
		if !closed(d.left) || d.term != nil {
			return false
		}
	}
	return r.waiting.term == nil
}

// share looks at all leases and makes a move, if there is one to make.
func (r *replica) share(ctx context.Context) (moved bool, errs []error) {
	if err := r.observe(ctx); err != nil {
		return false, []error{err}
	}
	m := r.table(time.Now()).decide()
	if m.give > 0 {
		r.desks[m.give-1].giveBack(r.look)
	}
	if m.take > 0 {
		d := r.desks[m.take-1]
		if err := d.take(ctx); err != nil {
			errs = append(errs, err)
		} else {
			go d.worker.serve(d.term) //nolint:contextcheck // a term is a context
		}
	}
	switch now := r.waiting.look(time.Now()); {
	case now.holder == "" && (m.wait || now.own): // our name is to go from it, too
		if err := r.waiting.take(ctx); err != nil {
			errs = append(errs, err)
		} else {
			close(r.waiting.term.served) // it has no controller
		}
	case !m.wait && now.holder == r.identity && !now.moving:
		r.waiting.giveBack(r.look)
	}
	return m != move{}, errs
}

// observe reads all leases.
func (r *replica) observe(ctx context.Context) error {
	list, err := r.client.List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing leases: %w", err)
	}
	now := time.Now()
	listed := map[string]*coordinationv1.Lease{}
	for i := range list.Items {
		listed[list.Items[i].Name] = &list.Items[i]
	}
	for _, l := range r.leases() {
		l.observe(listed[l.name], now)
	}
	return nil
}

func (r *replica) table(now time.Time) table {
	t := table{me: r.identity, waiting: r.waiting.look(now), presence: 3 * r.election.retry, patience: 3 * r.election.interval()}
	for _, d := range r.desks {
		t.seats = append(t.seats, d.look(now))
	}
	return t
}

// complain logs errors, unless they are about a lease that another took first. Of
// several in a row, as when the API server is away, it logs the first.
func (r *replica) complain(ctx context.Context, errs []error) {
	err := errors.Join(slices.DeleteFunc(errs, func(err error) bool {
		return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err)
	})...)
	if err != nil && !r.failing {
		logging.FromContext(ctx).Warnw("leases", "error", err)
	}
	r.failing = err != nil
}
