// SPDX-License-Identifier: Apache-2.0

package inbox_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/blob/blobtest"
	"github.com/cutwater-ci/cutwater/internal/inbox"
)

func missing(t *testing.T, i *inbox.Inbox) []inbox.Missing {
	t.Helper()
	var all []inbox.Missing
	for m, err := range i.Missing(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// A missing delivery from its first failure to its arrival, in each kind of bucket.
func TestMissing(t *testing.T) {
	s3, credentials := blobtest.S3(t)
	for kind, url := range map[string]string{"file": "file://" + t.TempDir(), "mem": "mem://", "s3": s3} {
		t.Run(kind, func(t *testing.T) {
			b, err := blob.OpenWithCredentials(t.Context(), url, credentials)
			if err != nil {
				t.Fatal(err)
			}
			i, ctx := inbox.New(b), t.Context()
			do := func(what string, err, want error) {
				t.Helper()
				if !errors.Is(err, want) {
					t.Errorf("%s: got %v, want %v", what, err, want)
				}
			}
			first := inbox.Failure{GUID: "a", Attempt: 7, Webhook: "app/hook", Event: "push", At: received, Status: 503}
			again := inbox.Failure{GUID: "a", Attempt: 12, Webhook: "app/hook", Event: "push", At: received.Add(time.Minute)}
			for _, f := range []inbox.Failure{first, first, {GUID: "b", Attempt: 8}, {GUID: "../c"}} {
				err := i.NoteFailure(ctx, f)
				if f.GUID == "../c" {
					do("GUID", err, inbox.ErrGUID)
				} else if err != nil {
					t.Fatal(err)
				}
			}
			m := missing(t, i)
			if len(m) != 2 || m[0].GUID != "a" || m[0].Failures != 1 || m[0].Asked != 0 || m[1].GUID != "b" {
				t.Fatalf("got %+v, want a and b", m)
			}
			if err := i.Ask(ctx, m[0]); err != nil {
				t.Fatal(err)
			}
			do("asking at the same time", i.Ask(ctx, m[0]), inbox.ErrDuplicate)
			do("taking it back", i.Unask(ctx, m[0]), nil)
			do("asking again", i.Ask(ctx, m[0]), nil)
			do("noting", i.NoteFailure(ctx, again), nil)
			m = missing(t, i)
			if m[0].Failures != 2 || m[0].Asked != 1 || m[0].LastAsked.IsZero() {
				t.Errorf("got %+v, want two failures, and asked once", m[0])
			}
			last, err := i.LastFailure(ctx, m[0])
			do("reading", err, nil)
			if diff := cmp.Diff(again, last); diff != "" {
				t.Errorf("last failure (-want +got):\n%s", diff)
			}
			one, err := i.DidNotArrive(ctx, "a")
			if err != nil || one.Failures != 2 || one.Asked != 1 {
				t.Errorf("got %+v, %v, want a alone", one, err)
			}
			_, err = i.DidNotArrive(ctx, "c")
			do("reading what is not missing", err, inbox.ErrNotFound)
			arrived, err := i.Arrived(ctx, "a", time.Now())
			if arrived || err != nil {
				t.Errorf("it has arrived: %t, %v", arrived, err)
			}
			do("putting", i.Put(ctx, newDelivery("a")), nil)
			if arrived, err = i.Arrived(ctx, "a", time.Now()); !arrived || err != nil {
				t.Errorf("it has not arrived: %t, %v", arrived, err)
			}
			do("finding", i.Found(ctx, m[0]), nil)
			do("finding again", i.Found(ctx, m[0]), nil)
			if m = missing(t, i); len(m) != 1 || m[0].GUID != "b" {
				t.Errorf("got %+v, want b alone", m)
			}
		})
	}
}

// What was stored a while ago is accepted, unless it was accepted before, or was
// given up. What was stored just now is left to who is about to accept it.
func TestArrived(t *testing.T) {
	i, b := open(t, "file://"+t.TempDir())
	ctx := t.Context()
	for _, guid := range []string{"stored", "done", "dead"} {
		if err := i.Put(ctx, newDelivery(guid)); err != nil {
			t.Fatal(err)
		}
		if err := i.Finish(ctx, guid); err != nil {
			t.Fatal(err)
		}
	}
	if err := i.Record(ctx, "done", "plugins", inbox.Entry{}); err != nil {
		t.Fatal(err)
	}
	if err := i.Bury(ctx, "dead", "reason"); err != nil {
		t.Fatal(err)
	}
	for _, age := range []time.Duration{0, 2 * time.Minute} {
		for guid, want := range map[string]bool{"stored": age > 0, "done": true, "dead": true, "other": false} {
			if arrived, err := i.Arrived(ctx, guid, time.Now().Add(age)); arrived != want || err != nil {
				t.Errorf("%s after %s: got %t, %v, want %t", guid, age, arrived, err, want)
			}
		}
	}
	want := []string{
		"inbox/dead/dead", "inbox/deliveries/dead/request", "inbox/deliveries/done/plugins", "inbox/deliveries/done/request",
		"inbox/deliveries/stored/request", "inbox/pending/stored",
	}
	if diff := cmp.Diff(want, keys(t, b)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

// What never arrived is given up, and taken up again when it arrives all the same, be
// it at this very moment.
func TestLose(t *testing.T) {
	i, b := open(t, "file://"+t.TempDir())
	ctx := t.Context()
	for _, guid := range []string{"a", "b"} {
		if err := i.NoteFailure(ctx, inbox.Failure{GUID: guid, Attempt: 7}); err != nil {
			t.Fatal(err)
		}
	}
	m := missing(t, i)
	if err := i.Put(ctx, newDelivery("b")); err != nil {
		t.Fatal(err)
	}
	for _, lost := range m {
		if err := i.Lose(ctx, lost, "reason"); err != nil {
			t.Fatal(err)
		}
	}
	const ofB = "inbox/missing/b/failed-7" // the next sweep finds it
	want := []string{"inbox/dead/a", "inbox/deliveries/b/request", ofB, "inbox/pending/b"}
	if diff := cmp.Diff(want, keys(t, b)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	for _, guid := range []string{"a", "b"} {
		if arrived, err := i.Arrived(ctx, guid, time.Now()); !arrived || err != nil {
			t.Errorf("%s: got %t, %v, want it not to be missing any more", guid, arrived, err)
		}
	}
	if err := i.Put(ctx, newDelivery("a")); err != nil {
		t.Fatal(err)
	}
	want = []string{"inbox/deliveries/a/request", "inbox/deliveries/b/request", ofB, "inbox/pending/a", "inbox/pending/b"}
	if diff := cmp.Diff(want, keys(t, b)); diff != "" {
		t.Errorf("keys when it has arrived (-want +got):\n%s", diff)
	}
}

func TestMissingDue(t *testing.T) {
	now := received
	for _, tc := range []struct {
		name            string
		failures, asked int
		ago             time.Duration
		want            bool
	}{
		{"never asked", 1, 0, 0, true},
		{"under way", 1, 1, 59 * time.Minute, false},
		{"forgotten", 1, 1, time.Hour, true},
		{"failed again, just now", 2, 1, 3 * time.Minute, false},
		{"failed again", 2, 1, 4 * time.Minute, true},
		{"failed three times", 4, 3, 15 * time.Minute, false},
		{"failed three times, later", 4, 3, 16 * time.Minute, true},
		{"failed often", 31, 30, 119 * time.Minute, false},
		{"failed often, later", 31, 30, 2 * time.Hour, true},
	} {
		m := inbox.Missing{Failures: tc.failures, Asked: tc.asked, LastAsked: now.Add(-tc.ago)}
		if got := m.Due(now); got != tc.want {
			t.Errorf("%s: got %t, want %t", tc.name, got, tc.want)
		}
	}
}

func TestMissingHopeless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i, _ := open(t, "mem://")
		for attempt := range 3 {
			if err := i.NoteFailure(t.Context(), inbox.Failure{GUID: "a", Attempt: int64(attempt)}); err != nil {
				t.Fatal(err)
			}
			if got, want := missing(t, i)[0].Hopeless(time.Now()), attempt == 2; got != want {
				t.Errorf("failure %d: got %t, want %t", attempt, got, want)
			}
			<-time.After(36 * time.Hour)
		}
	})
}

func TestWatch(t *testing.T) {
	i, _ := open(t, "file://"+t.TempDir())
	ctx := t.Context()
	want := inbox.Watch{Listed: received, Seen: map[string]time.Time{"repos/o/r/hooks/1": received, "repos/o/r/hooks/2": {}}}
	if err := i.SetWatch(ctx, "repos/o/r", want); err != nil {
		t.Fatal(err)
	}
	got, err := i.Watch(ctx, "repos/o/r")
	if err != nil || !got.Equal(want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if none, err := i.Watch(ctx, "app"); err != nil || !none.Equal(inbox.Watch{}) || none.Equal(want) {
		t.Errorf("got %+v, %v, want nothing", none, err)
	}
}
