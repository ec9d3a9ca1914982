// SPDX-License-Identifier: Apache-2.0

package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

const (
	missingPrefix = "inbox/missing/"
	failedName    = "failed-"
	askedName     = "asked-"
)

// Failure is one attempt of GitHub to deliver something that did not arrive.
type Failure struct {
	GUID    string    `json:"-"`
	Attempt int64     `json:"-"`       // GitHub's ID of the attempt
	Webhook string    `json:"webhook"` // whose it is, as a path of GitHub's API
	Event   string    `json:"event"`
	At      time.Time `json:"at"`
	Status  int       `json:"status"` // of the answer that GitHub got, 0 for none
}

// Missing is a delivery that did not arrive.
type Missing struct {
	GUID      string
	Since     time.Time // when the first failure was noted
	Failures  int       // that are known
	Asked     int       // how often GitHub was asked to deliver it again
	LastAsked time.Time // zero for never

	last int64    // attempt that failed
	keys []string // its objects
}

const (
	// firstAgain is a little less than the time between two sweeps.
	firstAgain = 4 * time.Minute
	// silence is how long GitHub may take over a delivery that it was asked for.
	silence = time.Hour
	// recoverable is how long GitHub delivers again.
	recoverable = 3 * 24 * time.Hour
)

// Due reports whether it is time to ask GitHub for the delivery: at once, and once
// more when that failed too, after 4 minutes, then twice as long after each time, every
// two hours at last. When nothing is heard of it for an hour, GitHub has forgotten.
func (m Missing) Due(now time.Time) bool {
	switch {
	case m.Asked == 0:
		return true
	case m.Failures > m.Asked:
		return now.Sub(m.LastAsked) >= min(firstAgain<<min(m.Asked-1, 10), longest)
	}
	return now.Sub(m.LastAsked) >= silence
}

// Hopeless reports whether GitHub has forgotten the delivery by now.
func (m Missing) Hopeless(now time.Time) bool { return now.Sub(m.Since) >= recoverable }

// acceptance is how long hook may take from storing a request to accepting it.
const acceptance = time.Minute

// Arrived reports whether the delivery has been accepted, or was given up. Where hook
// was stopped before it could accept what it had stored, it is accepted now.
func (i *Inbox) Arrived(ctx context.Context, guid string, now time.Time) (bool, error) {
	if err := checkGUID(guid); err != nil {
		return false, err
	}
	// GitHub's record of a failure is no wish to have up again what was given up, even
	// if it never arrived: the record is looked at again and again.
	dead, err := i.bucket.Exists(ctx, deadKey(guid))
	if err != nil || dead {
		return dead, err
	}
	request, err := i.bucket.Attributes(ctx, RequestKey(guid))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	// Who is about to accept it also sends it, at once.
	if now.Sub(request.ModTime) < acceptance {
		pending, err := i.bucket.Exists(ctx, pendingKey(guid))
		if pending || err != nil {
			return pending, err
		}
		return i.begun(ctx, guid)
	}
	err = i.adopt(ctx, guid)
	if errors.Is(err, ErrDuplicate) {
		err = nil
	}
	return err == nil, err
}

// NoteFailure writes down that an attempt failed, once.
func (i *Inbox) NoteFailure(ctx context.Context, f Failure) error {
	if err := checkGUID(f.GUID); err != nil {
		return err
	}
	data, err := json.Marshal(f)
	if err != nil {
		return err
	}
	err = i.bucket.Create(ctx, failedKey(f.GUID, f.Attempt), data)
	if errors.Is(err, blob.ErrExists) {
		return nil
	}
	return err
}

func failedKey(guid string, attempt int64) string {
	return missingPrefix + guid + "/" + failedName + strconv.FormatInt(attempt, 10)
}

func askedKey(guid string, time int) string {
	return missingPrefix + guid + "/" + askedName + strconv.Itoa(time)
}

// Missing yields the deliveries that did not arrive, as far as it is known. It reads
// none of their objects.
func (i *Inbox) Missing(ctx context.Context) iter.Seq2[Missing, error] {
	return i.missing(ctx, missingPrefix)
}

// DidNotArrive returns what is known of a delivery that is missing, or ErrNotFound.
func (i *Inbox) DidNotArrive(ctx context.Context, guid string) (Missing, error) {
	if err := checkGUID(guid); err != nil {
		return Missing{}, err
	}
	for m, err := range i.missing(ctx, missingPrefix+guid+"/") {
		return m, err
	}
	return Missing{}, ErrNotFound
}

func (i *Inbox) missing(ctx context.Context, prefix string) iter.Seq2[Missing, error] {
	return func(yield func(Missing, error) bool) {
		var m Missing
		for o, err := range i.bucket.List(ctx, prefix, "") {
			if err != nil {
				yield(Missing{}, err)
				return
			}
			guid, name, _ := strings.Cut(strings.TrimPrefix(o.Key, missingPrefix), "/")
			if !isName(guid) {
				continue // as in Pending
			}
			if guid != m.GUID && m.GUID != "" {
				if !yield(m, nil) {
					return
				}
				m = Missing{}
			}
			m.GUID = guid
			m.add(name, o)
		}
		if m.GUID != "" {
			yield(m, nil)
		}
	}
}

// add learns of one of the delivery's objects.
func (m *Missing) add(name string, o blob.Object) {
	m.keys = append(m.keys, o.Key)
	if m.Since.IsZero() || o.ModTime.Before(m.Since) {
		m.Since = o.ModTime
	}
	if number, ok := strings.CutPrefix(name, failedName); ok {
		m.Failures++
		if attempt, err := strconv.ParseInt(number, 10, 64); err == nil {
			m.last = max(m.last, attempt)
		}
	}
	if number, ok := strings.CutPrefix(name, askedName); ok {
		if n, err := strconv.Atoi(number); err == nil && n > m.Asked {
			m.Asked, m.LastAsked = n, o.ModTime
		}
	}
}

// LastFailure reads what is known of the last attempt.
func (i *Inbox) LastFailure(ctx context.Context, m Missing) (Failure, error) {
	key := failedKey(m.GUID, m.last)
	data, err := i.bucket.Read(ctx, key)
	if err != nil {
		return Failure{}, err
	}
	f := Failure{GUID: m.GUID, Attempt: m.last}
	if err := json.Unmarshal(data, &f); err != nil {
		return Failure{}, fmt.Errorf("reading %s: %w", key, err)
	}
	return f, nil
}

// Ask writes down that GitHub is about to be asked for the delivery. It returns
// ErrDuplicate when somebody else is about to: of several at the same time exactly
// one gets nil.
func (i *Inbox) Ask(ctx context.Context, m Missing) error {
	err := i.bucket.Create(ctx, askedKey(m.GUID, m.Asked+1), nil)
	if errors.Is(err, blob.ErrExists) {
		return ErrDuplicate
	}
	return err
}

// Unask takes Ask back: GitHub could not be asked.
func (i *Inbox) Unask(ctx context.Context, m Missing) error {
	return i.remove(ctx, askedKey(m.GUID, m.Asked+1))
}

// Found forgets that the delivery was missing.
func (i *Inbox) Found(ctx context.Context, m Missing) error {
	for _, key := range m.keys {
		if err := i.remove(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// Lose gives up a delivery that did not arrive, unless it does at this very moment.
func (i *Inbox) Lose(ctx context.Context, m Missing, reason string) error {
	if err := i.writeDead(ctx, m.GUID, reason); err != nil {
		return err
	}
	// Put stores the request, then looks whether it was given up; this is the other way
	// round, so that one of the two sees the other.
	arrived, err := i.bucket.Exists(ctx, RequestKey(m.GUID))
	if err != nil {
		return err
	}
	if arrived {
		return i.remove(ctx, deadKey(m.GUID))
	}
	return i.Found(ctx, m)
}
