// SPDX-License-Identifier: Apache-2.0

package hook_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/inbox"
)

func TestSweep(t *testing.T) {
	f := start(t)
	f.sink.setRefuse(http.StatusServiceUnavailable)
	for _, id := range []string{"a", "b", "c"} {
		if status, text := f.do(t, f.request(t, "push", id, `{}`)); status != http.StatusOK {
			t.Fatalf("got %d %q, want 200 although the sink is away", status, text)
		}
	}
	if status := f.sweep(t); status != http.StatusAccepted {
		t.Errorf("sweep of what is not due: got %d, want 202", status)
	}
	// As if they had come at other times.
	now := time.Now()
	for id, ago := range map[string]time.Duration{"a": 2 * time.Minute, "b": 25 * time.Hour} {
		p := inbox.Pending{GUID: id, Since: now.Add(-ago), LastSent: now.Add(-ago)}
		if err := f.inbox.Mark(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if status := f.sweep(t); status != http.StatusInternalServerError {
		t.Errorf("sweep while the sink is away: got %d, want 500", status)
	}
	f.sink.setRefuse(0)
	for range 2 { // the second has nothing to do
		if status := f.sweep(t); status != http.StatusAccepted {
			t.Errorf("sweep: got %d, want 202", status)
		}
	}
	if diff := cmp.Diff([]string{"a"}, f.sink.taken()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	want := []string{
		"inbox/dead/b", "inbox/deliveries/a/request", "inbox/deliveries/b/request", "inbox/deliveries/c/request",
		"inbox/pending/a", "inbox/pending/c",
	}
	if diff := cmp.Diff(want, f.keys(t)); diff != "" {
		t.Errorf("bucket (-want +got):\n%s", diff)
	}
	for p, err := range f.inbox.Pending(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]int{"a": 1, "c": 0}[p.GUID]; p.Attempts != want {
			t.Errorf("attempts of %s: got %d, want %d", p.GUID, p.Attempts, want)
		}
	}
	f.wantMetrics(t, "cutwater_inbox_dead 1", "cutwater_inbox_pending 2", "cutwater_inbox_resent_total 1", "cutwater_inbox_buried_total 1")
}
