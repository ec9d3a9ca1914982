// SPDX-License-Identifier: Apache-2.0

package hook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/inbox"
)

const (
	// sweepTimeout ends a sweep before the next one begins.
	sweepTimeout = 4 * time.Minute
	// sweepers is how many deliveries are sent at a time.
	sweepers = 8
)

// sweeper lets one sweep run at a time in this process.
type sweeper struct{ running sync.Mutex }

// serveSweep sends what is unfinished and due again. Whoever asks may: a sweep does
// nothing that is not due, and doing that twice is harmless.
func (s *server) serveSweep(w http.ResponseWriter, r *http.Request) {
	if s.sweeper.running.TryLock() {
		defer s.sweeper.running.Unlock()
		ctx, cancel := context.WithTimeout(r.Context(), sweepTimeout)
		defer cancel()
		if err := s.sweep(ctx, time.Now()); err != nil {
			logging.FromContext(ctx).Errorw("sweep failed", "error", err)
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
	}
	w.WriteHeader(http.StatusAccepted)
}

// sweep goes through the pending deliveries, and ends with the first that the sink
// does not take: the others would fare no better.
func (s *server) sweep(ctx context.Context, now time.Time) error {
	group, sending := errgroup.WithContext(ctx)
	group.SetLimit(sweepers)
	pending, oldest := 0, now
	for p, err := range s.inbox.Pending(sending) {
		if err != nil {
			// When sending failed, listing was cancelled for that.
			return cmp.Or(group.Wait(), fmt.Errorf("listing pending deliveries: %w", err))
		}
		pending++
		if p.Since.Before(oldest) {
			oldest = p.Since
		}
		group.Go(func() error { return s.resend(sending, p, now) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	s.metrics.pending.Set(float64(pending))
	s.metrics.oldest.Set(now.Sub(oldest).Seconds())
	dead, err := s.inbox.CountDead(ctx)
	if err != nil {
		return fmt.Errorf("counting dead deliveries: %w", err)
	}
	s.metrics.dead.Set(float64(dead))
	return nil
}

// resend sends the delivery again, if it is due, or gives it up.
func (s *server) resend(ctx context.Context, p inbox.Pending, now time.Time) error {
	log := logging.FromContext(ctx).With("delivery", p.GUID, "attempts", p.Attempts)
	if p.Hopeless(now) {
		log.Error("delivery given up: not finished within a day")
		return s.bury(ctx, p.GUID, fmt.Sprintf("not finished within a day, sent again %d times", p.Attempts))
	}
	if !p.Due(now) {
		return nil
	}
	d, err := s.inbox.Get(ctx, p.GUID)
	if errors.Is(err, inbox.ErrNotFound) {
		log.Error("delivery given up: its request is gone")
		return s.bury(ctx, p.GUID, "its request is gone from the inbox")
	}
	if err != nil {
		return err
	}
	// Marked first: once it is sent, a consumer may finish it at any moment.
	if err := s.inbox.Mark(ctx, p.Sent(now)); err != nil {
		return err
	}
	err = s.send(ctx, d)
	switch {
	case err == nil:
		log.Infow("event sent again", "event", d.Event)
		s.metrics.resent.Inc()
		return nil
	case event.IsPermanent(err):
		log.Errorw("event not sent", "error", err)
		return nil
	}
	// The sink is away, which is not the delivery's fault: this attempt does not count.
	return errors.Join(err, s.inbox.Mark(context.WithoutCancel(ctx), p))
}
