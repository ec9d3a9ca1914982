// SPDX-License-Identifier: Apache-2.0

package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// Pending is a delivery that is not finished.
type Pending struct {
	GUID     string
	Since    time.Time // when it was accepted
	Attempts int       // how often it was sent again
	LastSent time.Time // Since, until it was sent again
}

const (
	firstRetry = time.Minute
	longest    = 2 * time.Hour
	giveUp     = 24 * time.Hour
	// enough is how often a delivery is sent again, at least, before it is given up;
	// that takes some four hours.
	enough = 8
	// longGone is when it is given up even so.
	longGone = 7 * giveUp
)

// Due reports whether it is time to send the delivery again: a minute after it was
// accepted, then twice as long after each attempt, every two hours at last.
func (p Pending) Due(now time.Time) bool {
	wait := firstRetry << min(p.Attempts, 10)
	return now.Sub(p.LastSent) >= min(wait, longest)
}

// Hopeless reports whether the delivery has been tried for a day. One that could
// not be tried, because there were no sweeps or no sink, is not hopeless before a
// week is over.
func (p Pending) Hopeless(now time.Time) bool {
	age := now.Sub(p.Since)
	return (age >= giveUp && p.Attempts >= enough) || age >= longGone
}

// mark is what a pending object holds. Until the first sweep it is empty, and the
// object's time says when the delivery was accepted.
type mark struct {
	Since    time.Time `json:"since"`
	Attempts int       `json:"attempts"`
	LastSent time.Time `json:"lastSent"`
}

// Pending yields the deliveries that are not finished. It reads the marks of those
// only that were sent again.
func (i *Inbox) Pending(ctx context.Context) iter.Seq2[Pending, error] {
	return func(yield func(Pending, error) bool) {
		for o, err := range i.bucket.List(ctx, pendingPrefix, "") {
			if err != nil {
				yield(Pending{}, err)
				return
			}
			guid := strings.TrimPrefix(o.Key, pendingPrefix)
			if !isName(guid) {
				continue // no mark: some tools leave objects that stand for folders
			}
			p, err := i.pending(ctx, guid, o)
			if errors.Is(err, blob.ErrNotFound) {
				continue // finished meanwhile
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

func (i *Inbox) pending(ctx context.Context, guid string, o blob.Object) (Pending, error) {
	p := Pending{GUID: guid, Since: o.ModTime, LastSent: o.ModTime}
	if o.Size == 0 {
		return p, nil
	}
	data, err := i.bucket.Read(ctx, o.Key)
	if err != nil {
		return p, err
	}
	var m mark
	if json.Unmarshal(data, &m) != nil {
		return p, nil // not of ours; that there is a mark is what counts
	}
	p.Since, p.Attempts, p.LastSent = m.Since, m.Attempts, m.LastSent
	return p, nil
}

// Sent returns what p is once the delivery has been sent again.
func (p Pending) Sent(now time.Time) Pending {
	p.Attempts++
	p.LastSent = now
	return p
}

// Mark writes down when the pending delivery was last sent; it comes before sending,
// or a consumer might have finished it by then. One that finishes an earlier sending
// at this very moment may still have its mark put back, and is asked once more.
func (i *Inbox) Mark(ctx context.Context, p Pending) error {
	if err := checkGUID(p.GUID); err != nil {
		return err
	}
	data, err := json.Marshal(mark{Since: p.Since.UTC(), Attempts: p.Attempts, LastSent: p.LastSent.UTC()})
	if err != nil {
		return err
	}
	return i.bucket.Write(ctx, pendingKey(p.GUID), data, jsonObject())
}

// Dead yields the deliveries that were given up.
func (i *Inbox) Dead(ctx context.Context) iter.Seq2[Dead, error] {
	return func(yield func(Dead, error) bool) {
		for o, err := range i.bucket.List(ctx, deadPrefix, "") {
			if err != nil {
				yield(Dead{}, err)
				return
			}
			guid := strings.TrimPrefix(o.Key, deadPrefix)
			if !isName(guid) {
				continue // as in Pending
			}
			d, err := i.dead(ctx, guid, o)
			if errors.Is(err, blob.ErrNotFound) {
				continue // removed meanwhile
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

func (i *Inbox) dead(ctx context.Context, guid string, o blob.Object) (Dead, error) {
	d := Dead{GUID: guid, At: o.ModTime}
	data, err := i.bucket.Read(ctx, o.Key)
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return d, fmt.Errorf("reading %s: %w", o.Key, err)
	}
	return d, nil
}

// GivenUp returns why and when the delivery was given up, or ErrNotFound if it was not.
func (i *Inbox) GivenUp(ctx context.Context, guid string) (Dead, error) {
	if err := checkGUID(guid); err != nil {
		return Dead{}, err
	}
	o, err := i.bucket.Attributes(ctx, deadKey(guid))
	if err != nil {
		return Dead{}, err
	}
	return i.dead(ctx, guid, blob.Object{Key: deadKey(guid), ModTime: o.ModTime})
}

// CountDead returns how many deliveries were given up.
func (i *Inbox) CountDead(ctx context.Context) (int, error) {
	n := 0
	for o, err := range i.bucket.List(ctx, deadPrefix, "") {
		if err != nil {
			return n, err
		}
		if isName(strings.TrimPrefix(o.Key, deadPrefix)) {
			n++
		}
	}
	return n, nil
}
