// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"knative.dev/pkg/logging"
)

// WaitingLease is held by a replica that has fewer controllers than it could have, so
// mostly nobody holds it.
const WaitingLease = "cutwater-controller-waiting"

// replica is this process among those that share the controllers out. Each
// controller has a lease of its own, and only one bucket: plank's limits are
// exact because one process counts.
//
// An elector stands for each lease. What one reads or writes has the replica decide anew.
type replica struct {
	client    coordinationv1.LeasesGetter
	namespace string
	identity  string
	election  election

	seats   []*lease // the controllers'
	waiting *lease

	stop context.Context // from its end on nothing is taken
	log  *zap.SugaredLogger
	mu   sync.Mutex // guards what leases know
}

func newReplica(client coordinationv1.LeasesGetter, namespace, identity string, e election) (*replica, error) {
	r := &replica{client: client, namespace: namespace, identity: identity, election: e}
	var err error
	r.waiting, err = r.newLease(WaitingLease, func(*term) {})
	return r, err
}

// add has the replica run a controller, while it holds its lease, until leave
// is called. Nothing may be added any more once run was called.
func (r *replica) add(name string, worker *elected) (leave func(), err error) {
	l, err := r.newLease(name, worker.serve)
	if err != nil {
		return nil, err
	}
	r.seats = append(r.seats, l)
	return l.leave, nil
}

// run holds leases, and has their controllers work, until all have left. From
// the end of stop on it takes none, and at the end of ctx all terms end.
func (r *replica) run(ctx, stop context.Context) {
	r.stop, r.log = stop, logging.FromContext(ctx)
	defer context.AfterFunc(stop, r.waiting.leave)()
	var standing sync.WaitGroup
	for _, l := range r.leases() {
		standing.Go(func() { l.run(ctx) })
	}
	standing.Wait()
}

func (r *replica) leases() []*lease { return append(slices.Clone(r.seats), r.waiting) }

// decide decides what to do, which is nothing until all leases were seen.
func (r *replica) decide() move {
	if slices.ContainsFunc(r.leases(), func(l *lease) bool { return l.seen.IsZero() }) {
		return move{}
	}
	now := time.Now()
	// Electors look every 1 to 2.2 times the retry, holders write every one.
	t := table{me: r.identity, waiting: r.waiting.look(now), presence: 5 * r.election.retry, patience: 4 * r.election.retry}
	for _, l := range r.seats {
		t.seats = append(t.seats, l.look(now))
	}
	return t.decide()
}

// share gives back what is not to be ours.
func (r *replica) share() {
	m := r.decide()
	if m.give > 0 {
		r.seats[m.give-1].giveBack()
	}
	if !m.wait {
		r.waiting.giveBack()
	}
}

// gets says whether we take a lease that is free.
func (r *replica) gets(l *lease) bool {
	m := r.decide()
	switch {
	case r.stop.Err() != nil:
		return false
	case l == r.waiting:
		return m.wait || l.look(time.Now()).own // our name is to go from it
	default:
		return slices.Contains(m.take, slices.Index(r.seats, l)+1)
	}
}
