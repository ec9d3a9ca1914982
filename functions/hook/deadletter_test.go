// SPDX-License-Identifier: Apache-2.0

package hook_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cutwater-ci/cutwater/internal/inbox"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

// deadLetter sends a dead letter as Knative's brokers do, with more headers.
func (f *fixture) deadLetter(t *testing.T, host string, header map[string]string, body string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.URL+"/dead-letter", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	for name, value := range map[string]string{
		"Ce-Specversion": "1.0", "Ce-Source": "https://example.com/source", "Content-Type": "application/json",
		"Ce-Knativeerrordest": "http://user:secret@plugins.cutwater.svc.cluster.local/path?secret", "Ce-Knativeerrorcode": "503",
		"Ce-Knativeerrordata": "c2VjcmV0",
	} {
		r.Header.Set(name, value)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	status, _ := f.do(t, r)
	return status
}

const internalHost = "hook.cutwater.svc.cluster.local"

// A delivery that the broker gave up stays pending, and its ledger says so.
func TestDeadLetterOfDelivery(t *testing.T) {
	f := start(t)
	if status, text := f.do(t, f.request(t, "push", guid, `{}`)); status != http.StatusOK {
		t.Fatalf("got %d %q", status, text)
	}
	before := f.keys(t)
	signed := map[string]string{"Ce-Id": guid, "Ce-Type": "dev.knative.source.github.push", "Ce-Githubsignature": webhook.Sign([]byte(`{}`), []byte(token))}
	for name, tc := range map[string]struct {
		host   string
		change map[string]string
		want   int
	}{
		"from outside":          {"hook.cutwater.example.com", nil, 404},
		"not signed":            {internalHost, map[string]string{"Ce-Githubsignature": ""}, 202},
		"signed with another":   {internalHost, map[string]string{"Ce-Githubsignature": webhook.Sign([]byte(`{}`), []byte("other"))}, 202},
		"of no delivery":        {internalHost, map[string]string{"Ce-Id": "other"}, 202},
		"of an impossible GUID": {internalHost, map[string]string{"Ce-Id": "../x"}, 202},
		"no event":              {internalHost, map[string]string{"Ce-Specversion": ""}, 400},
	} {
		header := map[string]string{}
		for _, m := range []map[string]string{signed, tc.change} {
			maps.Copy(header, m)
		}
		if got := f.deadLetter(t, tc.host, header, `{}`); got != tc.want {
			t.Errorf("%s: got %d, want %d", name, got, tc.want)
		}
		if diff := gocmp.Diff(before, f.keys(t)); diff != "" {
			t.Errorf("%s: bucket (-want +got):\n%s", name, diff)
		}
	}
	for range 2 {
		if got := f.deadLetter(t, internalHost, signed, `{}`); got != http.StatusAccepted {
			t.Errorf("got %d, want 202", got)
		}
	}
	entry, err := f.inbox.Entry(t.Context(), guid, "broker")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]inbox.Outcome{"plugins.cutwater.svc.cluster.local": {
		State: inbox.StateError, Error: "the broker was answered 503 and gave up; the sweep goes on while it is pending", Attempts: 2,
	}}
	if diff := gocmp.Diff(want, entry.Plugins, cmpopts.IgnoreFields(inbox.Outcome{}, "At")); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
	f.wantMetrics(t, "cutwater_dead_letters_total 6") // those that were not taken for ours, too
	if _, err := os.Stat(filepath.Join(f.dir, "inbox", "pending", guid)); err != nil {
		t.Errorf("it is not pending any more: %v", err)
	}
}

// An event of somebody's own is kept, and sent again when somebody wants it.
func TestDeadLetterOfOthers(t *testing.T) {
	f := start(t)
	header := map[string]string{"Ce-Id": "1", "Ce-Type": "com.example.built", "Ce-Mine": "yes"}
	if got := f.deadLetter(t, internalHost, header, `{"a":1}`); got != http.StatusAccepted {
		t.Fatalf("got %d, want 202", got)
	}
	if got := f.deadLetter(t, internalHost, map[string]string{"Ce-Id": "2", "Ce-Type": "com.example.built"}, `"`+strings.Repeat("x", inbox.MaxLetter)+`"`); got != http.StatusAccepted {
		t.Errorf("too large: got %d, want 202", got)
	}
	var letters []inbox.Letter
	for letter, err := range f.inbox.Letters(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		letters = append(letters, letter)
	}
	if len(letters) != 1 || time.Since(letters[0].At) > time.Minute {
		t.Fatalf("got %v, want one letter of now", letters)
	}
	data, err := f.inbox.Letter(t.Context(), letters[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if got["mine"] != "yes" || got["knativeerrorcode"] != "503" || got["id"] != "1" {
		t.Errorf("kept: got %v", got)
	}
	if err := f.inbox.ReplayLetter(t.Context(), letters[0].Name); err != nil {
		t.Fatal(err)
	}
	f.sink.setRefuse(http.StatusServiceUnavailable)
	if status := f.sweep(t); status != http.StatusInternalServerError {
		t.Errorf("while the sink is away: got %d, want 500", status)
	}
	f.sink.setRefuse(0)
	for range 2 {
		if status := f.sweep(t); status != http.StatusAccepted {
			t.Errorf("got %d, want 202", status)
		}
	}
	if diff := gocmp.Diff([]string{"1"}, f.sink.taken()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff([]string{`{"a":1}`}, f.sink.bodies); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	if keys := f.keys(t); len(keys) > 0 {
		t.Errorf("left in the bucket: %v", keys)
	}
}

// A dead letter that the sink does not take yet is no reason to leave others.
func TestDeadLetterGoesOn(t *testing.T) {
	f := start(t)
	for _, id := range []string{"1", "2", "3"} {
		if got := f.deadLetter(t, internalHost, map[string]string{"Ce-Id": id, "Ce-Type": "com.example.built"}, `{}`); got != http.StatusAccepted {
			t.Fatalf("got %d, want 202", got)
		}
	}
	for _, key := range f.keys(t) {
		if err := f.inbox.ReplayLetter(t.Context(), filepath.Base(key)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		hates  string
		status int
		taken  []string
	}{
		{"2", http.StatusInternalServerError, []string{"1", "3"}}, // it is the first in the bucket
		{"", http.StatusAccepted, []string{"1", "2", "3"}},
	} {
		f.sink.hates = tc.hates
		if status := f.sweep(t); status != tc.status {
			t.Errorf("got %d, want %d", status, tc.status)
		}
		taken := f.sink.taken()
		slices.Sort(taken) // they are sent at the same time
		if diff := gocmp.Diff(tc.taken, taken); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	}
}

// What the sink refuses for good is a dead letter again.
func TestDeadLetterRefused(t *testing.T) {
	f := start(t)
	if got := f.deadLetter(t, internalHost, map[string]string{"Ce-Id": "1", "Ce-Type": "com.example.built"}, `{}`); got != http.StatusAccepted {
		t.Fatalf("got %d, want 202", got)
	}
	before := f.keys(t)
	if err := f.inbox.ReplayLetter(t.Context(), filepath.Base(before[0])); err != nil {
		t.Fatal(err)
	}
	f.sink.setRefuse(http.StatusBadRequest)
	if status := f.sweep(t); status != http.StatusAccepted {
		t.Errorf("got %d, want 202", status)
	}
	if diff := gocmp.Diff(before, f.keys(t)); diff != "" {
		t.Errorf("bucket (-want +got):\n%s", diff)
	}
}
