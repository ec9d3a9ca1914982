// SPDX-License-Identifier: Apache-2.0

package hook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/inbox"
)

const (
	// maxAsked is how many deliveries one sweep asks GitHub for. They count against
	// GitHub's limits, and all come at once.
	maxAsked = 200
	// kept is how long GitHub tells of deliveries.
	kept = 3 * 24 * time.Hour
	// overlap is how far a sweep looks back behind the last one: GitHub tells of a
	// delivery when it has ended, by the time it began.
	overlap = 5 * time.Minute
)

// finder finds what GitHub could not deliver, and has it delivered again.
type finder struct {
	gh      *github.Client
	inbox   *inbox.Inbox
	owners  []owner
	metrics *metrics
}

// find looks for new failures, then asks for what is missing. Of GitHub's record
// only times, GUIDs and IDs are used; bodies come with the redelivery, signed.
func (f *finder) find(ctx context.Context, now time.Time) error {
	reached := map[string]bool{}
	var errs []error
	refused := 0
	for _, o := range f.owners {
		w, err := f.look(ctx, o, now)
		switch {
		case github.IsRateLimited(err):
			logging.FromContext(ctx).Warnw("missing deliveries are looked for later", "owner", o.path, "error", err)
		case err != nil:
			errs = append(errs, err)
		case w.Refused:
			refused++
		default:
			for path := range w.Seen {
				reached[path] = true
			}
		}
	}
	f.metrics.refused.Set(float64(refused))
	left, err := f.missing(ctx, now)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	f.metrics.missing.Set(float64(len(left)))
	return errors.Join(append(errs, f.askForAll(ctx, left, reached, now))...)
}

// scan notes the webhook's failures since then, and returns the time of the newest
// delivery that it saw.
func (f *finder) scan(ctx context.Context, hook github.Webhook, since, now time.Time) (newest time.Time, err error) {
	var group errgroup.Group
	group.SetLimit(sweepers)
	taken := map[string]bool{}
	for d, listErr := range f.gh.FailedDeliveries(ctx, hook) {
		if listErr != nil {
			err = listErr
			break
		}
		if newest.Before(d.At) {
			newest = d.At
		}
		if d.At.Before(since) {
			break
		}
		switch {
		case d.OK():
			taken[d.GUID] = true
		case !taken[d.GUID]: // else a later attempt succeeded
			group.Go(func() error { return f.note(ctx, hook, d, now) })
		}
	}
	return newest, errors.Join(err, group.Wait())
}

// note writes the failure down, unless the delivery has arrived all the same: GitHub
// waits for an answer 10 s only.
func (f *finder) note(ctx context.Context, hook github.Webhook, d github.Delivery, now time.Time) error {
	arrived, err := f.inbox.Arrived(ctx, d.GUID, now)
	if errors.Is(err, inbox.ErrGUID) {
		return nil // hook would not take it
	}
	if arrived || err != nil {
		return err
	}
	event := d.Event
	if !isEventName(event) {
		event = ""
	}
	return f.inbox.NoteFailure(ctx, inbox.Failure{
		GUID: d.GUID, Attempt: d.ID, Webhook: hook.Path, Event: event, At: d.At, Status: d.Status,
	})
}

// missing returns what is still missing. What has arrived is forgotten, and what
// GitHub has forgotten is given up.
func (f *finder) missing(ctx context.Context, now time.Time) ([]inbox.Missing, error) {
	var all, left []inbox.Missing
	for m, err := range f.inbox.Missing(ctx) {
		if err != nil {
			return nil, fmt.Errorf("listing missing deliveries: %w", err)
		}
		all = append(all, m)
	}
	gone := make([]bool, len(all))
	var group errgroup.Group
	group.SetLimit(sweepers)
	for i, m := range all {
		group.Go(func() error {
			arrived, err := f.inbox.Arrived(ctx, m.GUID, now)
			switch {
			case err != nil:
				return err
			case arrived:
				gone[i] = true
				return f.inbox.Found(ctx, m)
			case m.Hopeless(now):
				gone[i] = true
				return f.lose(ctx, m)
			}
			return nil
		})
	}
	err := group.Wait()
	for i, m := range all {
		if !gone[i] {
			left = append(left, m)
		}
	}
	return left, err
}

// lose gives a delivery up that GitHub does not have any more.
func (f *finder) lose(ctx context.Context, m inbox.Missing) error {
	logging.FromContext(ctx).Errorw("delivery given up: it never arrived", "delivery", m.GUID, "asked", m.Asked)
	f.metrics.buried.Inc()
	reason := fmt.Sprintf("it never arrived: GitHub was asked to deliver it again %d times", m.Asked)
	if last, err := f.inbox.LastFailure(ctx, m); err == nil {
		reason += fmt.Sprintf(", and was last answered %d at %s", last.Status, last.At.UTC().Format(time.RFC3339))
	}
	return f.inbox.Lose(ctx, m, reason)
}

// askForAll asks for those that are due, as many as a sweep may. It stops when GitHub
// does not answer, or wants to be left alone.
func (f *finder) askForAll(ctx context.Context, left []inbox.Missing, reached map[string]bool, now time.Time) error {
	asked := 0
	for _, m := range left {
		if !m.Due(now) {
			continue
		}
		last, err := f.inbox.LastFailure(ctx, m)
		if errors.Is(err, inbox.ErrNotFound) {
			continue // another sweep has found it
		}
		if err != nil {
			return err
		}
		if !reached[last.Webhook] {
			continue
		}
		if asked++; asked > maxAsked {
			return nil // the next sweep goes on
		}
		err = f.ask(ctx, m, last)
		if github.IsRateLimited(err) || github.IsForbidden(err) {
			logging.FromContext(ctx).Warnw("missing deliveries are asked for later", "error", err)
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ask has GitHub deliver again.
func (f *finder) ask(ctx context.Context, m inbox.Missing, last inbox.Failure) error {
	// Marked first: of several sweeps at the same time one asks.
	err := f.inbox.Ask(ctx, m)
	if errors.Is(err, inbox.ErrDuplicate) {
		return nil
	}
	if err != nil {
		return err
	}
	err = f.gh.Redeliver(ctx, github.Webhook{Path: last.Webhook}, last.Attempt)
	switch {
	case err == nil:
		logging.FromContext(ctx).Infow("delivery is missing, GitHub was asked for it", "delivery", m.GUID, "event", last.Event, "times", m.Asked+1)
		f.metrics.asked.Inc()
		return nil
	case github.IsNotFound(err), github.IsInvalid(err):
		// It was on GitHub's record a moment ago, so more likely we lack rights. The mark
		// stays: the next time is in an hour, until GitHub has forgotten.
		logging.FromContext(ctx).Errorw("GitHub does not deliver again what is missing: a token needs admin:repo_hook, and admin:org_hook for orgs",
			"delivery", m.GUID, "event", last.Event, "error", err)
		return nil
	}
	ctx, cancel := undo(ctx)
	defer cancel()
	return errors.Join(err, f.inbox.Unask(ctx, m))
}
