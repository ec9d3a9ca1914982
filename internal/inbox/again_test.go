// SPDX-License-Identifier: Apache-2.0

package inbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/inbox"
)

// A delivery whose plugins ended in each way is replayed.
func TestAgain(t *testing.T) {
	outcomes := map[string]inbox.Outcome{
		"done": {State: inbox.StateDone, Attempts: 1}, "idle": {State: inbox.StateNothing, Attempts: 1},
		"failed": {State: inbox.StateError, Error: "x", Attempts: 9}, "refused": {State: inbox.StatePermanent, Error: "y", Attempts: 1},
	}
	for _, tc := range []struct {
		name  string
		which inbox.Which
		want  []string // taken back
	}{
		{"all", inbox.Which{}, []string{"failed", "refused"}},
		{"one", inbox.Which{Plugin: "refused"}, []string{"refused"}},
		{"one that is done", inbox.Which{Plugin: "done", Done: true}, []string{"done"}},
		{"all, also the done", inbox.Which{Done: true}, []string{"done", "failed", "idle", "refused"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			i, b := open(t, "file://"+t.TempDir())
			ctx := t.Context()
			for _, err := range []error{
				i.Put(ctx, newDelivery("a")), i.Record(ctx, "a", "plugins", inbox.Entry{Plugins: outcomes}), i.Bury(ctx, "a", "reason"),
				i.Record(ctx, "a", inbox.Broker, inbox.Entry{Plugins: map[string]inbox.Outcome{"plugins.svc": {State: inbox.StateError}}}),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			got, err := i.Again(ctx, "a", tc.which, received)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("taken back (-want +got):\n%s", diff)
			}
			want := []string{"inbox/deliveries/a/broker", "inbox/deliveries/a/plugins", "inbox/deliveries/a/request", "inbox/pending/a"}
			if diff := cmp.Diff(want, keys(t, b)); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			p := pending(t, i)
			if len(p) != 1 || p[0].Attempts != 0 || !p[0].Due(received) || p[0].Hopeless(received.Add(time.Hour)) {
				t.Errorf("pending: got %+v, want one that is due", p)
			}
			entry, err := i.Entry(ctx, "a", "plugins")
			if err != nil {
				t.Fatal(err)
			}
			if len(entry.Plugins) != len(outcomes)-len(tc.want) {
				t.Errorf("ledger: got %v, want all but %v", entry.Plugins, tc.want)
			}
		})
	}
}

// A replay that fails between its steps can be tried again.
func TestAgainBroken(t *testing.T) {
	dir := t.TempDir()
	i, b := open(t, "file://"+dir)
	ctx := t.Context()
	outcomes := map[string]inbox.Outcome{"hold": {State: inbox.StateDone}, "trigger": {State: inbox.StatePermanent}}
	for _, err := range []error{
		i.Put(ctx, newDelivery("a")), i.Record(ctx, "a", "plugins", inbox.Entry{Plugins: outcomes}), i.Finish(ctx, "a"),
		// Nobody makes a folder where a file is.
		os.RemoveAll(filepath.Join(dir, "inbox", "pending")), os.WriteFile(filepath.Join(dir, "inbox", "pending"), nil, 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got, err := i.Again(ctx, "a", inbox.Which{}, received); err == nil {
		t.Fatalf("got %v, want an error", got)
	}
	if err := os.Remove(filepath.Join(dir, "inbox", "pending")); err != nil {
		t.Fatal(err)
	}
	got, err := i.Again(ctx, "a", inbox.Which{}, received)
	if diff := cmp.Diff([]string{"trigger"}, got); diff != "" || err != nil {
		t.Errorf("again: got %v, %v (-want +got):\n%s", got, err, diff)
	}
	want := []string{"inbox/deliveries/a/plugins", "inbox/deliveries/a/request", "inbox/pending/a"}
	if diff := cmp.Diff(want, keys(t, b)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

// What hook was stopped over, and what the broker gave up though plugins are done, is
// sent again: whose the event is besides, the ledger does not say.
func TestAgainUndelivered(t *testing.T) {
	i, _ := open(t, "file://"+t.TempDir())
	ctx := t.Context()
	outcome := func(name, state string) inbox.Entry {
		return inbox.Entry{Plugins: map[string]inbox.Outcome{name: {State: state}}}
	}
	for _, err := range []error{
		i.Put(ctx, newDelivery("stored")), i.Finish(ctx, "stored"),
		i.Put(ctx, newDelivery("mine")), i.Record(ctx, "mine", "plugins", outcome("hold", inbox.StateDone)),
		i.Record(ctx, "mine", inbox.Broker, outcome("mine.svc", inbox.StateError)), i.Finish(ctx, "mine"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, guid := range []string{"mine", "stored"} {
		if got, err := i.Again(ctx, guid, inbox.Which{}, received); len(got) > 0 || err != nil {
			t.Errorf("%s: got %v, %v, want no plugin", guid, got, err)
		}
	}
	if p := pending(t, i); len(p) != 2 || !p[0].Due(received) || !p[1].Due(received) {
		t.Errorf("pending: got %+v, want both, and due", p)
	}
}

func TestAgainErrors(t *testing.T) {
	i, b := open(t, "file://"+t.TempDir())
	ctx := t.Context()
	for _, err := range []error{
		i.Put(ctx, newDelivery("a")),
		i.Record(ctx, "a", "plugins", inbox.Entry{Plugins: map[string]inbox.Outcome{"hold": {State: inbox.StateDone}}}),
		i.Finish(ctx, "a"), i.Bury(ctx, "lost", "it never arrived"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	before := keys(t, b)
	for _, tc := range []struct {
		guid  string
		which inbox.Which
		want  error
	}{
		{"a", inbox.Which{}, inbox.ErrDone},
		{"a", inbox.Which{Plugin: "hold"}, inbox.ErrDone},
		{"a", inbox.Which{Plugin: "other", Done: true}, inbox.ErrDone},
		{"lost", inbox.Which{}, inbox.ErrNotFound},
		{"other", inbox.Which{}, inbox.ErrNotFound},
		{"../a", inbox.Which{}, inbox.ErrGUID},
	} {
		if _, err := i.Again(ctx, tc.guid, tc.which, received); !errors.Is(err, tc.want) {
			t.Errorf("%s %+v: got %v, want %v", tc.guid, tc.which, err, tc.want)
		}
	}
	if diff := cmp.Diff(before, keys(t, b)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	var all []string
	for guid, err := range i.All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, guid)
	}
	if diff := cmp.Diff([]string{"a"}, all); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
}
