// SPDX-License-Identifier: Apache-2.0

package hook_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/functions/hook"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/blob/blobtest"
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
	f.wantMetrics(t, "cutwater_inbox_swept_timestamp_seconds 0")
	if status := f.sweep(t); status != http.StatusAccepted {
		t.Errorf("sweep of what is not due: got %d, want 202", status)
	}
	if strings.Contains(f.metrics(t), "\ncutwater_inbox_swept_timestamp_seconds 0\n") {
		t.Error("no metric says when the sweep ended")
	}
	// As if they had come at other times.
	now := time.Now()
	f.mark(t, inbox.Pending{GUID: "a", Since: now.Add(-2 * time.Minute), LastSent: now.Add(-2 * time.Minute)})
	f.mark(t, inbox.Pending{GUID: "b", Since: now.Add(-25 * time.Hour), LastSent: now.Add(-2 * time.Hour), Attempts: 17})
	if status := f.sweep(t); status != http.StatusInternalServerError {
		t.Errorf("sweep while the sink is away: got %d, want 500", status)
	}
	f.wantMetrics(t, "cutwater_inbox_dead 1", "cutwater_inbox_pending 3", "cutwater_inbox_resent_total 0")
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

// Before Knative has said where the sink is, deliveries are stored, and the next
// revision sends them.
func TestSweepAfterBinding(t *testing.T) {
	f := start(t)
	handler, err := hook.New(t.Context(), func(key string) (string, bool) {
		if key == "K_SINK" {
			return "", false
		}
		return f.env(key)
	})
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, f.request(t, "push", "a", `{}`))
	if answer.Code != http.StatusOK {
		t.Fatalf("got %d %q, want 200 although there is no sink", answer.Code, answer.Body)
	}
	f.mark(t, inbox.Pending{GUID: "a", Since: time.Now().Add(-2 * time.Minute)})
	answer = httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/sweep", nil))
	if answer.Code != http.StatusInternalServerError {
		t.Errorf("sweep without a sink: got %d, want 500", answer.Code)
	}
	if status := f.sweep(t); status != http.StatusAccepted {
		t.Errorf("sweep: got %d, want 202", status)
	}
	if diff := cmp.Diff([]string{"a"}, f.sink.taken()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// A sink whose consumers have to start may take longer than GitHub waits for an
// answer. The sweep has more time.
func TestSweepSlowSink(t *testing.T) {
	f := start(t)
	f.sink.mu.Lock()
	f.sink.slow = true
	f.sink.mu.Unlock()
	if status, text := f.do(t, f.request(t, "push", "a", `{}`)); status != http.StatusOK {
		t.Fatalf("got %d %q, want 200 although the sink is slow", status, text)
	}
	if got := f.sink.taken(); len(got) > 0 {
		t.Fatalf("got %v within the time of an answer", got)
	}
	f.mark(t, inbox.Pending{GUID: "a", Since: time.Now().Add(-2 * time.Minute)})
	if status := f.sweep(t); status != http.StatusAccepted {
		t.Errorf("sweep: got %d, want 202", status)
	}
	if diff := cmp.Diff([]string{"a"}, f.sink.taken()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// A delivery that cannot be sent, or not even read, is no reason to leave others.
func TestSweepGoesOn(t *testing.T) {
	f := start(t)
	f.sink.setRefuse(http.StatusServiceUnavailable)
	long := time.Now().Add(-time.Hour)
	ids := []string{"a", "b", "c", "d"}
	for _, id := range ids {
		if status, text := f.do(t, f.request(t, "push", id, `{}`)); status != http.StatusOK {
			t.Fatalf("got %d %q, want 200", status, text)
		}
		f.mark(t, inbox.Pending{GUID: id, Since: long, LastSent: long})
	}
	if err := f.bucket.Write(t.Context(), "inbox/deliveries/a/request", []byte("broken"), nil); err != nil {
		t.Fatal(err)
	}
	f.sink.setRefuse(0)
	f.sink.hates = "b"
	if status := f.sweep(t); status != http.StatusInternalServerError {
		t.Errorf("got %d, want 500", status)
	}
	got := f.sink.taken()
	slices.Sort(got) // they are sent at the same time
	if diff := cmp.Diff([]string{"c", "d"}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	f.wantMetrics(t, "cutwater_inbox_pending 4", "cutwater_inbox_resent_total 2")
}

// A bucket that does not answer holds no sweep up for ever, or there would be no other.
func TestSweepHangingBucket(t *testing.T) {
	f := start(t)
	f.sink.setRefuse(http.StatusServiceUnavailable)
	url, credentials := blobtest.S3(t)
	bucket, err := blob.OpenWithCredentials(t.Context(), url, credentials)
	if err != nil {
		t.Fatal(err)
	}
	f.inbox = inbox.New(bucket)
	if err := f.inbox.Put(t.Context(), inbox.Delivery{GUID: "a", Event: "push", Body: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	f.mark(t, inbox.Pending{GUID: "a", Since: time.Now().Add(-time.Hour)})
	var marks atomic.Int64
	hanging := make(chan struct{})
	url, credentials = blobtest.Between(t, url, credentials, func(r blobtest.Request) blobtest.Fault {
		if r.Writes == "inbox/pending/a" && marks.Add(1) > 1 { // the first is before sending
			<-hanging
		}
		return blobtest.Fault{}
	})
	t.Cleanup(func() { close(hanging) })
	handler, err := hook.New(t.Context(), func(key string) (string, bool) {
		if value, ok := map[string]string{"BUCKET": url, "S3_CREDENTIALS_FILE": credentials.S3File}[key]; ok {
			return value, ok
		}
		return f.env(key)
	})
	if err != nil {
		t.Fatal(err)
	}
	answer, ended := httptest.NewRecorder(), make(chan struct{})
	go func() {
		defer close(ended)
		handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/sweep", nil))
	}()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("the sweep does not end")
	}
	if answer.Code != http.StatusInternalServerError || marks.Load() < 2 {
		t.Errorf("got %d after %d marks, want 500 and the second", answer.Code, marks.Load())
	}
}

// When the sink is away, a sweep does not try every delivery.
func TestSweepEnds(t *testing.T) {
	f := start(t)
	f.sink.setRefuse(http.StatusServiceUnavailable)
	const many = 60
	long := time.Now().Add(-time.Hour)
	for n := range many {
		d := inbox.Delivery{GUID: fmt.Sprint("guid-", n), Event: "push", Body: []byte(`{}`), ReceivedAt: long}
		if err := f.inbox.Put(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		f.mark(t, inbox.Pending{GUID: d.GUID, Since: long, LastSent: long})
	}
	if status := f.sweep(t); status != http.StatusInternalServerError {
		t.Errorf("got %d, want 500", status)
	}
	// Each is tried three times; eight fail, and as many may have begun by then.
	if asked := f.sink.asked; asked == 0 || asked > 3*2*8 {
		t.Errorf("the sink was asked %d times, want about 24", asked)
	}
	f.wantMetrics(t, fmt.Sprint("cutwater_inbox_pending ", many))
}

func (f *fixture) mark(tb testing.TB, p inbox.Pending) {
	tb.Helper()
	if err := f.inbox.Mark(tb.Context(), p); err != nil {
		tb.Fatal(err)
	}
}
