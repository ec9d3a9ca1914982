// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// leaseClient is what is needed of the API server.
type leaseClient interface {
	List(ctx context.Context, options metav1.ListOptions) (*coordinationv1.LeaseList, error)
	Get(ctx context.Context, name string, options metav1.GetOptions) (*coordinationv1.Lease, error)
	Create(ctx context.Context, lease *coordinationv1.Lease, options metav1.CreateOptions) (*coordinationv1.Lease, error)
	Update(ctx context.Context, lease *coordinationv1.Lease, options metav1.UpdateOptions) (*coordinationv1.Lease, error)
}

// lease is a Lease of Kubernetes as one replica sees it, for one goroutine. The protocol is that of
// Kubernetes' own components, and of Prow's:
//
//   - Who writes its name into a lease that is free holds it. The API server
//     refuses all but one who try at once, by the resource version.
//   - The holder renews it, and stops working when it could not for election.renew
//     since it last began to.
//   - A lease is free when no name is in it, or when it has not changed for as long
//     as it says, election.lease, since this process saw its last change. Clocks of
//     different machines are not compared.
//
// So between one's stopping and another's beginning there is at least the
// difference of the two times.
type lease struct {
	client   leaseClient
	name     string
	identity string
	election election

	// object is the lease as it was last read or written; nil when there is none.
	object *coordinationv1.Lease
	// seen is when that was first seen.
	seen time.Time
	// term is ours, from taking the lease to its release or loss.
	term *term
	// renewed is when the last successful renewal began.
	renewed time.Time
	// drained is closed when the work of a term that is to be given back is done; nil when it is not to be.
	drained chan struct{}
}

// observe takes note of the lease as it was listed; nil when it was not there. A
// holder learns more from its own writes.
func (l *lease) observe(listed *coordinationv1.Lease, now time.Time) {
	if l.term != nil {
		return
	}
	switch {
	case l.seen.IsZero():
	case listed == nil && l.object == nil:
		return
	case listed != nil && l.object != nil:
		// A list that began before our last write may end after it.
		if newer, err := resourceversion.CompareResourceVersion(listed.ResourceVersion, l.object.ResourceVersion); err != nil || newer <= 0 {
			return
		}
	}
	l.object, l.seen = listed, now
}

// holder is whose name is in the lease.
func (l *lease) holder() string {
	if l.object == nil || l.object.Spec.HolderIdentity == nil {
		return ""
	}
	return *l.object.Spec.HolderIdentity
}

// lasts is how long the lease is its holder's without a change.
func (l *lease) lasts() time.Duration {
	if l.object.Spec.LeaseDurationSeconds == nil {
		return l.election.lease
	}
	return time.Duration(*l.object.Spec.LeaseDurationSeconds) * time.Second
}

// look is the lease as a seat.
func (l *lease) look(now time.Time) seat {
	if l.term != nil {
		return seat{holder: l.identity, moving: l.drained != nil || l.term.Err() != nil}
	}
	s := seat{holder: l.holder(), quiet: now.Sub(l.seen)}
	switch {
	case s.holder == l.identity:
		s.holder, s.own = "", true
	case s.holder != "" && s.quiet >= l.lasts():
		s.holder, s.quiet = "", s.quiet-l.lasts()
	}
	return s
}

// due says whether it is time to renew our term.
func (l *lease) due(now time.Time) bool {
	return l.term != nil && l.term.Err() == nil && now.Sub(l.renewed) >= l.election.retry*3/4
}

// take writes our name into a lease that was seen free, and begins a term that
// lasts for as long as it is renewed, and no longer than ctx.
func (l *lease) take(ctx context.Context) error {
	begun := time.Now()
	now, seconds := metav1.NewMicroTime(begun), int32((l.election.lease+time.Second-1)/time.Second) // never less than we work
	spec := coordinationv1.LeaseSpec{HolderIdentity: &l.identity, LeaseDurationSeconds: &seconds, AcquireTime: &now, RenewTime: &now, LeaseTransitions: new(int32)}
	var object *coordinationv1.Lease
	var err error
	if l.object == nil {
		made := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: l.name}, Spec: spec}
		object, err = l.client.Create(ctx, made, metav1.CreateOptions{})
	} else {
		made := l.object.DeepCopy()
		if made.Spec.LeaseTransitions != nil {
			*spec.LeaseTransitions = *made.Spec.LeaseTransitions + 1
		}
		made.Spec = spec
		object, err = l.client.Update(ctx, made, metav1.UpdateOptions{})
	}
	if err != nil {
		return fmt.Errorf("taking lease %s: %w", l.name, err)
	}
	l.object, l.seen, l.renewed, l.term = object, time.Now(), begun, newTerm(ctx)
	l.term.until(begun.Add(l.election.renew))
	return nil
}

// renew moves the end of our term. The error is for the log: the term ends by
// itself when it was not renewed in time, and at once when the lease is another's.
func (l *lease) renew(ctx context.Context) error {
	if l.term == nil || l.term.Err() != nil {
		return nil
	}
	begun := time.Now()
	object := l.object.DeepCopy()
	object.Spec.RenewTime = &metav1.MicroTime{Time: begun}
	object, err := l.client.Update(ctx, object, metav1.UpdateOptions{})
	switch {
	case err == nil:
		l.object, l.seen, l.renewed = object, time.Now(), begun
		l.term.until(begun.Add(l.election.renew))
		return nil
	case apierrors.IsConflict(err):
		return l.reread(ctx)
	case apierrors.IsNotFound(err): // whoever looks next may create it
		l.term.end()
		l.object, l.seen = nil, time.Now()
	}
	return fmt.Errorf("renewing lease %s: %w", l.name, err)
}

// reread finds out who has written to our lease.
func (l *lease) reread(ctx context.Context) error {
	object, err := l.client.Get(ctx, l.name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading lease %s again: %w", l.name, err)
	}
	ours := l.object.Spec.AcquireTime
	l.object, l.seen = object, time.Now()
	// A renewal of which we never heard, or a label of somebody's, takes nothing from us.
	if l.holder() == l.identity && object.Spec.AcquireTime.Equal(ours) {
		return nil
	}
	l.term.end()
	return fmt.Errorf("lease %s was taken by %q", l.name, l.holder())
}

// giveBack ends our term well, and then calls done.
func (l *lease) giveBack(done func()) {
	l.drained = make(chan struct{})
	go func(t *term, drained chan struct{}) {
		t.drain()
		close(drained)
		done()
	}(l.term, l.drained)
}

// settle is to be called once and again: it forgets a term that is over and, if
// that was to be given back, takes our name out of the lease.
func (l *lease) settle(ctx context.Context) error {
	if l.term == nil || l.term.Err() == nil || !closed(l.term.served) || l.drained != nil && !closed(l.drained) {
		return nil
	}
	release := l.drained != nil && l.holder() == l.identity
	l.term, l.drained = nil, nil
	if !release {
		return nil
	}
	object, now, second, nobody := l.object.DeepCopy(), metav1.NowMicro(), int32(1), ""
	object.Spec.HolderIdentity, object.Spec.LeaseDurationSeconds = &nobody, &second
	object.Spec.RenewTime, object.Spec.AcquireTime = &now, &now
	object, err := l.client.Update(ctx, object, metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("giving lease %s back: %w", l.name, err)
	}
	l.object, l.seen = object, time.Now()
	return nil
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
