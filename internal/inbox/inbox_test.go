// SPDX-License-Identifier: Apache-2.0

package inbox_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/inbox"
)

var received = time.Date(2026, 3, 4, 5, 6, 7, 89, time.UTC)

func newDelivery(guid string) inbox.Delivery {
	return inbox.Delivery{GUID: guid, Event: "push", Body: []byte(`{"a":1}`), ReceivedAt: received}
}

func open(t *testing.T, url string) (*inbox.Inbox, *blob.Bucket) {
	t.Helper()
	b, err := blob.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return inbox.New(b), b
}

// keys lists the bucket.
func keys(t *testing.T, b *blob.Bucket) []string {
	t.Helper()
	var all []string
	for o, err := range b.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, o.Key)
	}
	return all
}

func pending(t *testing.T, i *inbox.Inbox) []inbox.Pending {
	t.Helper()
	var all []inbox.Pending
	for p, err := range i.Pending(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func TestPutAndGet(t *testing.T) {
	i, b := open(t, "file://"+t.TempDir())
	header := http.Header{
		"Content-Type":        {"application/json"},
		"User-Agent":          {"GitHub-Hookshot/044aadd"},
		"X-Github-Event":      {"push"},
		"X-Github-Delivery":   {"guid"},
		"X-Hub-Signature-256": {"sha256=00"},
		"Cookie":              {"secret"},
		"Authorization":       {"secret"},
		"X-Forwarded-For":     {"192.0.2.1"},
	}
	for _, body := range []string{"", "\r\n\r\n", "{\"a\":1}\n", strings.Repeat("\x00\xff", 1<<10)} {
		d := inbox.Delivery{GUID: fmt.Sprint("guid-", len(body)), Event: "push", Header: header, Body: []byte(body), ReceivedAt: received}
		if err := i.Put(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		got, err := i.Get(t.Context(), d.GUID)
		if err != nil {
			t.Fatal(err)
		}
		d.Header = maps.Clone(header)
		for _, dropped := range []string{"Cookie", "Authorization", "X-Forwarded-For"} {
			d.Header.Del(dropped)
		}
		d.Header.Set("X-GitHub-Delivery", d.GUID)
		if diff := cmp.Diff(d, got); diff != "" {
			t.Errorf("delivery (-want +got):\n%s", diff)
		}
	}
	want := []string{
		"inbox/deliveries/guid-0/request", "inbox/deliveries/guid-2048/request", "inbox/deliveries/guid-4/request",
		"inbox/deliveries/guid-8/request", "inbox/pending/guid-0", "inbox/pending/guid-2048", "inbox/pending/guid-4",
		"inbox/pending/guid-8",
	}
	if diff := cmp.Diff(want, keys(t, b)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if _, err := i.Get(t.Context(), "missing"); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("missing: got %v, want %v", err, inbox.ErrNotFound)
	}
}

func TestPutAgain(t *testing.T) {
	i, b := open(t, "mem://")
	ctx := t.Context()
	const guid = "guid"
	put := func(when string, want error) {
		t.Helper()
		if err := i.Put(ctx, newDelivery(guid)); !errors.Is(err, want) {
			t.Errorf("putting %s: got %v, want %v", when, err, want)
		}
	}
	remove := func(key string) {
		t.Helper()
		if err := b.Delete(ctx, key); err != nil {
			t.Fatal(err)
		}
	}
	put("first", nil)
	put("while pending", inbox.ErrDuplicate)
	remove("inbox/pending/guid")
	put("after a crash between request and mark", nil)
	put("after that", inbox.ErrDuplicate)
	if err := i.Record(ctx, guid, "plugins", inbox.Entry{}); err != nil {
		t.Fatal(err)
	}
	if err := i.Finish(ctx, guid); err != nil {
		t.Fatal(err)
	}
	put("when finished", inbox.ErrDuplicate)
	remove("inbox/deliveries/guid/plugins")
	if err := i.Bury(ctx, guid, "reason"); err != nil {
		t.Fatal(err)
	}
	put("when dead", nil)
	put("when revived", inbox.ErrDuplicate)
	want := []string{"inbox/deliveries/guid/request", "inbox/pending/guid"}
	if diff := cmp.Diff(want, keys(t, b)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestPutAtOnce(t *testing.T) {
	for _, url := range []string{"mem://", "file://" + t.TempDir()} {
		i, _ := open(t, url)
		for round := range 20 {
			d := newDelivery(fmt.Sprint("guid-", round))
			errs := make([]error, 8)
			var wg sync.WaitGroup
			for n := range errs {
				wg.Go(func() { errs[n] = i.Put(t.Context(), d) })
			}
			wg.Wait()
			accepted := 0
			for _, err := range errs {
				switch {
				case err == nil:
					accepted++
				case !errors.Is(err, inbox.ErrDuplicate):
					t.Error(err)
				}
			}
			if accepted != 1 {
				t.Errorf("%s: accepted %d times, want once", d.GUID, accepted)
			}
		}
	}
}

func TestHostileGUIDs(t *testing.T) {
	i, b := open(t, "mem://")
	for _, guid := range []string{"", ".", "..", ".x", "../../etc/passwd", "a/b", "a\x00", "a b", "ü", strings.Repeat("a", 129)} {
		_, getErr := i.Get(t.Context(), guid)
		_, entryErr := i.Entry(t.Context(), guid, "plugins")
		for doing, err := range map[string]error{
			"put": i.Put(t.Context(), newDelivery(guid)), "get": getErr, "entry": entryErr,
			"finish": i.Finish(t.Context(), guid), "bury": i.Bury(t.Context(), guid, ""),
			"record": i.Record(t.Context(), guid, "plugins", inbox.Entry{}),
			"mark":   i.Mark(t.Context(), inbox.Pending{GUID: guid}),
		} {
			if !errors.Is(err, inbox.ErrGUID) {
				t.Errorf("%s %q: got %v, want %v", doing, guid, err, inbox.ErrGUID)
			}
		}
	}
	for _, consumer := range []string{"", "request", "a/b", ".."} {
		if err := i.Record(t.Context(), "guid", consumer, inbox.Entry{}); err == nil {
			t.Errorf("consumer %q: got no error", consumer)
		}
	}
	d := newDelivery("guid")
	d.Header = http.Header{"X-Github-Evil": {"a\r\nX-Hub-Signature-256: b"}}
	if err := i.Put(t.Context(), d); err == nil {
		t.Error("header with a line break: got no error")
	}
	if got := keys(t, b); len(got) > 0 {
		t.Errorf("got objects %v, want none", got)
	}
}

func TestLedger(t *testing.T) {
	i, _ := open(t, "mem://")
	ctx := t.Context()
	record := func(plugin, state string, attempts int) {
		t.Helper()
		o := inbox.Outcome{State: state, Attempts: attempts, At: received}
		if err := i.Record(ctx, "guid", "plugins", inbox.Entry{Plugins: map[string]inbox.Outcome{plugin: o}}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := i.Entry(ctx, "guid", "plugins")
	if err != nil || len(got.Plugins) != 0 {
		t.Errorf("before any: got %v, %v; want nothing", got, err)
	}
	record("hold", inbox.StateDone, 1)
	record("trigger", inbox.StateError, 1)
	record("trigger", inbox.StateDone, 2)
	record("hold", inbox.StateError, 1) // a slower delivery of the same event
	got, err = i.Entry(ctx, "guid", "plugins")
	if err != nil {
		t.Fatal(err)
	}
	want := inbox.Entry{Plugins: map[string]inbox.Outcome{
		"hold":    {State: inbox.StateDone, Attempts: 1, At: received},
		"trigger": {State: inbox.StateDone, Attempts: 2, At: received},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entry (-want +got):\n%s", diff)
	}
	if other, err := i.Entry(ctx, "guid", "tide"); err != nil || len(other.Plugins) != 0 {
		t.Errorf("of another consumer: got %v, %v; want nothing", other, err)
	}
}

func TestLedgerAtOnce(t *testing.T) {
	i, _ := open(t, "file://"+t.TempDir())
	var wg sync.WaitGroup
	for n := range 20 {
		wg.Go(func() {
			e := inbox.Entry{Plugins: map[string]inbox.Outcome{fmt.Sprint("plugin-", n): {State: inbox.StateDone}}}
			if err := i.Record(t.Context(), "guid", "plugins", e); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := i.Entry(t.Context(), "guid", "plugins")
	if err != nil || len(got.Plugins) != 20 {
		t.Errorf("got %d plugins, %v; want 20", len(got.Plugins), err)
	}
}

func TestPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i, b := open(t, "mem://")
		ctx := t.Context()
		for _, guid := range []string{"a", "b", "c"} {
			if err := i.Put(ctx, newDelivery(guid)); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		for range 2 { // finishing twice is nothing
			if err := i.Finish(ctx, "b"); err != nil {
				t.Fatal(err)
			}
		}
		if err := i.Bury(ctx, "c", "hopeless"); err != nil {
			t.Fatal(err)
		}
		want := []inbox.Pending{{GUID: "a", Since: start, LastSent: start}}
		if diff := cmp.Diff(want, pending(t, i)); diff != "" {
			t.Errorf("pending (-want +got):\n%s", diff)
		}
		<-time.After(time.Minute) // of the bubble
		if err := i.Mark(ctx, want[0].Sent(time.Now())); err != nil {
			t.Fatal(err)
		}
		want = []inbox.Pending{{GUID: "a", Since: start, Attempts: 1, LastSent: start.Add(time.Minute)}}
		if diff := cmp.Diff(want, pending(t, i)); diff != "" {
			t.Errorf("pending after an attempt (-want +got):\n%s", diff)
		}
		var dead []inbox.Dead
		for d, err := range i.Dead(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			dead = append(dead, d)
		}
		if diff := cmp.Diff([]inbox.Dead{{GUID: "c", Reason: "hopeless", At: start}}, dead); diff != "" {
			t.Errorf("dead (-want +got):\n%s", diff)
		}
		if n, err := i.CountDead(ctx); n != 1 || err != nil {
			t.Errorf("count of dead: got %d, %v; want 1", n, err)
		}
		if !slices.Contains(keys(t, b), "inbox/deliveries/c/request") {
			t.Error("the request of a dead delivery is gone")
		}
	})
}

// What is no mark of ours neither ends nor enters a listing.
func TestStrangeObjects(t *testing.T) {
	i, b := open(t, "mem://")
	ctx := t.Context()
	for key, content := range map[string]string{
		"inbox/pending/":    "", // as consoles of clouds make folders
		"inbox/pending/.x":  "",
		"inbox/pending/a/b": "",
		"inbox/pending/c":   "no JSON",
		"inbox/dead/":       "",
	} {
		if err := b.Write(ctx, key, []byte(content), nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := pending(t, i); len(got) != 1 || got[0].GUID != "c" || got[0].Attempts != 0 || got[0].Since.IsZero() {
		t.Errorf("pending: got %+v, want c alone, with the time of its object", got)
	}
	for d, err := range i.Dead(ctx) {
		t.Errorf("dead: got %v, %v; want none", d, err)
	}
	if n, err := i.CountDead(ctx); n != 0 || err != nil {
		t.Errorf("count of dead: got %d, %v; want 0", n, err)
	}
}

func TestDue(t *testing.T) {
	now := received
	for _, tc := range []struct {
		attempts       int
		since, last    time.Duration // ago
		due, giveUpNow bool
	}{
		{0, 59 * time.Second, 59 * time.Second, false, false},
		{0, time.Minute, time.Minute, true, false},
		{1, 3 * time.Minute, 119 * time.Second, false, false},
		{1, 3 * time.Minute, 2 * time.Minute, true, false},
		{4, time.Hour, 15 * time.Minute, false, false},
		{4, time.Hour, 16 * time.Minute, true, false},
		{7, 20 * time.Hour, 119 * time.Minute, false, false},
		{1000, 20 * time.Hour, 2 * time.Hour, true, false},
		{20, 24 * time.Hour, time.Second, false, true},
		{8, 24 * time.Hour, time.Second, false, true},
		{20, 23 * time.Hour, time.Second, false, false},
		{7, 25 * time.Hour, time.Second, false, false},           // after a long outage
		{0, 6 * 24 * time.Hour, 6 * 24 * time.Hour, true, false}, // after a very long one
		{0, 7 * 24 * time.Hour, 7 * 24 * time.Hour, true, true},
	} {
		p := inbox.Pending{Attempts: tc.attempts, Since: now.Add(-tc.since), LastSent: now.Add(-tc.last)}
		if got := p.Due(now); got != tc.due {
			t.Errorf("due after %d attempts, %v after the last: got %t, want %t", tc.attempts, tc.last, got, tc.due)
		}
		if got := p.Hopeless(now); got != tc.giveUpNow {
			t.Errorf("hopeless after %v: got %t, want %t", tc.since, got, tc.giveUpNow)
		}
	}
}
