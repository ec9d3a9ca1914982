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
)

// Due reports whether it is time to send the delivery again: a minute after it was
// accepted, then twice as long after each attempt, every two hours at last.
func (p Pending) Due(now time.Time) bool {
	wait := firstRetry << min(p.Attempts, 10)
	return now.Sub(p.LastSent) >= min(wait, longest)
}

// Hopeless reports whether the delivery has been tried for a day.
func (p Pending) Hopeless(now time.Time) bool { return now.Sub(p.Since) >= giveUp }

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
			p, err := i.pending(ctx, o)
			if errors.Is(err, blob.ErrNotFound) {
				continue // finished meanwhile
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

func (i *Inbox) pending(ctx context.Context, o blob.Object) (Pending, error) {
	p := Pending{GUID: strings.TrimPrefix(o.Key, pendingPrefix), Since: o.ModTime, LastSent: o.ModTime}
	if o.Size == 0 {
		return p, nil
	}
	data, err := i.bucket.Read(ctx, o.Key)
	if err != nil {
		return p, err
	}
	var m mark
	if err := json.Unmarshal(data, &m); err != nil {
		return p, fmt.Errorf("reading %s: %w", o.Key, err)
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
			d, err := i.dead(ctx, o)
			if errors.Is(err, blob.ErrNotFound) {
				continue // removed meanwhile
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

func (i *Inbox) dead(ctx context.Context, o blob.Object) (Dead, error) {
	d := Dead{GUID: strings.TrimPrefix(o.Key, deadPrefix), At: o.ModTime}
	data, err := i.bucket.Read(ctx, o.Key)
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return d, fmt.Errorf("reading %s: %w", o.Key, err)
	}
	return d, nil
}

// CountDead returns how many deliveries were given up.
func (i *Inbox) CountDead(ctx context.Context) (int, error) {
	n := 0
	for _, err := range i.bucket.List(ctx, deadPrefix, "") {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
