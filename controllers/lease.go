// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
)

// lease is a Lease of Kubernetes for which this replica stands. The protocol is
// that of client-go: its elector renews what is ours, and watches who has what is
// not, all the time. What the elector reads and writes goes through here, because:
//
//   - A lease that is free is taken only when it is ours by the sharing.
//   - A term ends election.renew after the time that its last renewal says, or sooner
//     when our name is not in the lease any more. Others wait for election.lease after
//     they first saw that time, or one in the same second. (An elector by itself goes on
//     for longer: when an answer was late, or when it was lost and the same time
//     was written again, which others take for no change.)
//   - The work of a term ends before its lease is given back, and no lease is given
//     back that is another's by then.
type lease struct {
	resourcelock.Interface

	replica *replica
	elector *leaderelection.LeaderElector
	// serve works in a term, until it ends.
	serve   func(*term)
	serving sync.WaitGroup
	failing complaint

	// The rest is guarded by replica.mu.

	// record is the lease as it was last read or written; zero when there is none.
	record resourcelock.LeaderElectionRecord
	// seen is when that was first seen.
	seen time.Time
	// term is what is ours if the elector gets the lease.
	term *term
	// held says that it got it.
	held bool
	// left says that no other term is to come.
	left bool
}

var errNotOurs = errors.New("the lease is not ours to write")

func (r *replica) newLease(name string, serve func(*term)) (*lease, error) {
	l := &lease{replica: r, serve: serve, Interface: &resourcelock.LeaseLock{
		LeaseMeta: metav1.ObjectMeta{Namespace: r.namespace, Name: name}, Client: r.client,
		LockConfig: resourcelock.ResourceLockConfig{Identity: r.identity},
	}}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:          l,
		LeaseDuration: r.election.lease, RenewDeadline: r.election.renew, RetryPeriod: r.election.retry,
		ReleaseOnCancel: true,
		// A term begins in write and ends in Get and write, which know more.
		Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) {}, OnStoppedLeading: func() {}},
	})
	if err != nil {
		return nil, fmt.Errorf("making an elector for lease %s: %w", name, err)
	}
	l.elector = elector
	return l, nil
}

// run stands for the lease, term after term, until ctx ends or leave is called.
func (l *lease) run(ctx context.Context) {
	ctx = klog.NewContext(ctx, logr.Discard()) // the elector would call it an error that a lease is not ours
	for t := l.stand(ctx); t != nil; t = l.stand(ctx) {
		l.elector.Run(t) //nolint:contextcheck // a term is a context
		t.end()
		l.serving.Wait()
	}
}

// stand makes a term for the elector to stand for; nil when there is to be none.
func (l *lease) stand(ctx context.Context) *term {
	l.replica.mu.Lock()
	defer l.replica.mu.Unlock()
	if l.left || ctx.Err() != nil {
		return nil
	}
	l.term, l.held = newTerm(ctx), false
	return l.term
}

// leave ends the last term well.
func (l *lease) leave() {
	l.replica.mu.Lock()
	l.left = true
	t := l.term
	l.replica.mu.Unlock()
	if t != nil {
		t.drain()
	}
}

// giveBack ends a term well, for the good of another replica.
func (l *lease) giveBack() {
	if l.held && !l.term.over() {
		go l.term.drain()
	}
}

// Get implements resourcelock.Interface.
func (l *lease) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, raw, err := l.Interface.Get(ctx)
	l.complain(err)
	l.replica.mu.Lock()
	defer l.replica.mu.Unlock()
	switch {
	case err == nil:
		l.saw(*record)
	case apierrors.IsNotFound(err):
		l.saw(resourcelock.LeaderElectionRecord{})
	}
	return record, raw, err
}

// Create implements resourcelock.Interface.
func (l *lease) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.write(ctx, record, l.Interface.Create)
}

// Update implements resourcelock.Interface.
func (l *lease) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.write(ctx, record, l.Interface.Update)
}

func (l *lease) write(ctx context.Context, record resourcelock.LeaderElectionRecord, do func(context.Context, resourcelock.LeaderElectionRecord) error) error {
	t := l.term
	if record.HolderIdentity == "" {
		t.drain()
	}
	if !l.may(record) {
		return errNotOurs
	}
	// A renewal that was sent is waited for: it would be in the way of giving the lease back.
	err := do(context.WithoutCancel(ctx), record)
	l.complain(err)
	if err != nil {
		return err
	}
	l.replica.mu.Lock()
	defer l.replica.mu.Unlock()
	if record.HolderIdentity != "" {
		t.until(record.RenewTime.Add(l.replica.election.renew))
		if !l.held {
			l.held = true
			l.serving.Go(func() { l.serve(t) })
		}
	}
	l.saw(record)
	return nil
}

// may says whether a record may be written.
func (l *lease) may(record resourcelock.LeaderElectionRecord) bool {
	l.replica.mu.Lock()
	defer l.replica.mu.Unlock()
	if record.HolderIdentity == "" {
		return l.record.HolderIdentity == l.Identity()
	}
	return l.term.Err() == nil && (l.held || l.replica.gets(l))
}

// saw takes note of the lease as it was read or written.
func (l *lease) saw(record resourcelock.LeaderElectionRecord) {
	if l.seen.IsZero() || record != l.record {
		l.record, l.seen = record, time.Now()
	}
	if l.held && record.HolderIdentity != l.Identity() {
		l.term.end()
	}
	l.replica.share()
}

// look is the lease as a seat.
func (l *lease) look(now time.Time) seat {
	if l.held {
		return seat{holder: l.Identity(), moving: l.term.over()}
	}
	s := seat{holder: l.record.HolderIdentity, quiet: now.Sub(l.seen)}
	lasts := time.Duration(l.record.LeaseDurationSeconds) * time.Second
	switch {
	case s.holder == l.Identity():
		s.holder, s.own = "", true
	case s.holder != "" && s.quiet >= lasts:
		s.holder, s.quiet = "", s.quiet-lasts
	}
	return s
}

// complain logs errors. It is none that another was first, that there is no lease
// yet, or that the term has ended.
func (l *lease) complain(err error) {
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err) || errors.Is(err, context.Canceled) {
		return
	}
	l.failing.about(l.replica.log, "a request for a lease failed; without leases, no controller works here", err, "lease", l.Describe())
}
