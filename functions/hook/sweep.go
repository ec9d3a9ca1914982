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
	// sweepPath is where the PingSource asks for a sweep.
	sweepPath = "/sweep"
	// sweepTimeout ends a sweep before the next one begins.
	sweepTimeout = 4 * time.Minute
	// resendTimeout is how long one event may take. A channel that keeps nothing holds
	// the connection until consumers are done, which first may have to start, on a busy
	// machine; and here nobody waits for an answer.
	resendTimeout = time.Minute
	// undoTimeout is for taking a note back, also when the sweep's time is over.
	undoTimeout = 5 * time.Second
	// sweepers is how many deliveries are sent at a time.
	sweepers = 8
)

// sweeper lets one sweep run at a time in this process.
type sweeper struct{ running sync.Mutex }

// serveSweep sends what is unfinished and due again, and asks for what did not
// arrive. Whoever asks may: a sweep does nothing that is not due, and doing that
// twice is harmless.
func (s *server) serveSweep(w http.ResponseWriter, r *http.Request) {
	if s.sweeper.running.TryLock() {
		defer s.sweeper.running.Unlock()
		ctx, cancel := context.WithTimeout(r.Context(), sweepTimeout)
		defer cancel()
		err := errors.Join(s.sweep(ctx, time.Now()), s.replay(ctx))
		if s.finder != nil {
			err = errors.Join(err, s.finder.find(ctx, time.Now()))
		}
		if err != nil {
			logging.FromContext(ctx).Errorw("sweep failed", "error", err)
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
	}
	w.WriteHeader(http.StatusAccepted)
}

// sweep goes through the pending deliveries. One that fails does not stop the
// others; but once as many in a row as are sent at a time have failed, the sink is
// away, and what is left would fare no better.
func (s *server) sweep(ctx context.Context, now time.Time) error {
	results := newTally()
	var unlisted error
	pending, oldest := 0, now
	for p, err := range s.inbox.Pending(ctx) {
		if err != nil {
			unlisted = fmt.Errorf("listing pending deliveries: %w", err)
			break
		}
		pending++
		if p.Since.Before(oldest) {
			oldest = p.Since
		}
		switch {
		case p.Hopeless(now):
			results.try(func() error { return s.giveUp(ctx, p) })
		case p.Due(now) && !results.away():
			results.try(func() error { return s.resend(ctx, p, now) })
		}
	}
	results.wait()
	if unlisted == nil {
		s.metrics.pending.Set(float64(pending))
		s.metrics.oldest.Set(now.Sub(oldest).Seconds())
	}
	dead, err := s.inbox.CountDead(ctx)
	if err != nil {
		return errors.Join(unlisted, results.err("deliveries"), fmt.Errorf("counting dead deliveries: %w", err))
	}
	s.metrics.dead.Set(float64(dead))
	s.metrics.swept.SetToCurrentTime()
	return errors.Join(unlisted, results.err("deliveries"))
}

// tally tries things, several at a time, and knows how that goes.
type tally struct {
	group         errgroup.Group
	mu            sync.Mutex
	failed, inRow int
	first         error
}

func newTally() *tally {
	t := &tally{}
	t.group.SetLimit(sweepers)
	return t
}

// try does one thing, as soon as not too many others are being done.
func (t *tally) try(do func() error) {
	t.group.Go(func() error { t.add(do()); return nil })
}

// wait waits for the end of all.
func (t *tally) wait() { _ = t.group.Wait() } // the errors are added

func (t *tally) add(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.inRow = 0
		return
	}
	t.failed++
	t.inRow++
	t.first = cmp.Or(t.first, err)
}

// away reports whether nothing succeeds any more.
func (t *tally) away() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.inRow >= sweepers
}

// err returns an error when some of what was tried failed.
func (t *tally) err(what string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed == 0 {
		return nil
	}
	return fmt.Errorf("%d %s failed, the first: %w", t.failed, what, t.first)
}

func (s *server) giveUp(ctx context.Context, p inbox.Pending) error {
	logging.FromContext(ctx).Errorw("delivery given up: not finished in time", "delivery", p.GUID, "attempts", p.Attempts)
	return s.bury(ctx, p.GUID, fmt.Sprintf("not finished since %s, sent again %d times", p.Since.UTC().Format(time.RFC3339), p.Attempts))
}

// resend sends the delivery again.
func (s *server) resend(ctx context.Context, p inbox.Pending, now time.Time) error {
	log := logging.FromContext(ctx).With("delivery", p.GUID, "attempts", p.Attempts)
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
	err = s.send(ctx, d, resendTimeout)
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
	ctx, cancel := undo(ctx)
	defer cancel()
	return errors.Join(err, s.inbox.Mark(ctx, p))
}

// undo returns a context for taking a note back. It ends soon: while a sweep hangs
// there is no other.
func undo(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
}
