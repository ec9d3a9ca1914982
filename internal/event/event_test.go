// SPDX-License-Identifier: Apache-2.0

package event_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/event"
)

func newEvent(t *testing.T) event.Event {
	t.Helper()
	var ev event.Event
	err := ev.UnmarshalJSON([]byte(`{
		"specversion": "1.0", "id": "guid", "type": "dev.knative.source.github.push",
		"source": "https://github.com/org/repo", "subject": "refs/heads/main", "time": "2026-03-04T05:06:07Z",
		"action": "opened", "command": "test hold", "datacontenttype": "application/json", "data":{"a": [1, "<&>"]}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func TestSendAndHandle(t *testing.T) {
	var got event.Event
	server := httptest.NewServer(event.Handler(func(_ context.Context, ev event.Event) error {
		got = ev
		return nil
	}))
	defer server.Close()
	sender, err := event.NewSender(server.URL, event.SenderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := newEvent(t)
	if err := sender.Send(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), got.String()); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(string(want.Data()), string(got.Data())); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
}

func TestHandlerAnswers(t *testing.T) {
	failed := errors.New("failed")
	for _, tc := range []struct {
		err  error
		want int
	}{
		{nil, http.StatusAccepted},
		{failed, http.StatusInternalServerError},
		{event.Permanent(failed), http.StatusAccepted},
		{fmt.Errorf("plugin hold: %w", event.Permanent(failed)), http.StatusAccepted},
		{errors.Join(event.Permanent(failed), event.Permanent(failed)), http.StatusAccepted},
		{errors.Join(event.Permanent(failed), failed), http.StatusInternalServerError},
		{event.Permanent(nil), http.StatusAccepted},
	} {
		h := event.Handler(func(context.Context, event.Event) error { return tc.err })
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(`{}`))
		r.Header = http.Header{
			"Ce-Specversion": {"1.0"}, "Ce-Id": {"1"}, "Ce-Type": {"t"}, "Ce-Source": {"s"}, "Content-Type": {"application/json"},
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tc.want || w.Body.Len() != 0 {
			t.Errorf("%v: got %d %q, want %d and no body", tc.err, w.Code, w.Body, tc.want)
		}
	}
	if got := event.Permanent(failed); !errors.Is(got, failed) || got.Error() != failed.Error() {
		t.Errorf("permanent: got %v, want the error itself inside", got)
	}
}

func TestHandlerRefuses(t *testing.T) {
	structured := http.Header{"Content-Type": {"application/cloudevents+json"}}
	for _, tc := range []struct {
		name, method, body string
		header             http.Header
		want               int
	}{
		{"structured", http.MethodPost, `{"specversion":"1.0","id":"1","type":"t","source":"s","data":{}}`, structured, 202},
		{"GET", http.MethodGet, "", nil, 405},
		{"no event", http.MethodPost, "{}", http.Header{"Content-Type": {"application/json"}}, 400},
		{"without an ID", http.MethodPost, `{"specversion":"1.0","type":"t","source":"s"}`, structured, 400},
		{"broken", http.MethodPost, `{"specversion":`, structured, 400},
		{"batch", http.MethodPost, `[]`, http.Header{"Content-Type": {"application/cloudevents-batch+json"}}, 400},
		{"too large", http.MethodPost, `{"data":"` + strings.Repeat("x", 41<<20), structured, 413},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := event.Handler(func(context.Context, event.Event) error { return nil })
			r := httptest.NewRequestWithContext(t.Context(), tc.method, "/", strings.NewReader(tc.body))
			r.Header = tc.header
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tc.want {
				t.Errorf("got %d %q, want %d", w.Code, w.Body, tc.want)
			}
		})
	}
}

// script answers requests in turn: a status, or an error for 0.
type script struct {
	answers    []int
	retryAfter string
	asked      []time.Duration // since start
	start      time.Time
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, time.Since(s.start))
	body, err := io.ReadAll(r.Body)
	if err != nil || string(body) != `{"a": [1, "<&>"]}` {
		return nil, fmt.Errorf("body %q: %w", body, err)
	}
	status := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	if status == 0 {
		return nil, errors.New("connection refused")
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Body: http.NoBody,
		Header: http.Header{"Retry-After": {s.retryAfter}},
	}, nil
}

func TestSendRetries(t *testing.T) {
	for _, tc := range []struct {
		name       string
		answers    []int
		retryAfter string
		timeout    time.Duration
		asked      []time.Duration
		fails      bool
		permanent  bool
	}{
		{name: "at once", answers: []int{200}, asked: []time.Duration{0}},
		{
			name: "after two failures", answers: []int{0, 503, 202},
			asked: []time.Duration{0, 100 * time.Millisecond, 300 * time.Millisecond},
		},
		{
			name: "never", answers: []int{503}, fails: true,
			asked: []time.Duration{0, 100 * time.Millisecond, 300 * time.Millisecond},
		},
		{name: "refused", answers: []int{400}, fails: true, permanent: true, asked: []time.Duration{0}},
		{name: "too large", answers: []int{413}, fails: true, permanent: true, asked: []time.Duration{0}},
		{
			name: "as the sink wants", answers: []int{429, 200}, retryAfter: "2",
			asked: []time.Duration{0, 2 * time.Second},
		},
		{
			name: "later than we can wait", answers: []int{429, 200}, retryAfter: "60", timeout: 3 * time.Second,
			asked: []time.Duration{0}, fails: true,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: tc.answers, retryAfter: tc.retryAfter, start: time.Now()}
				sender, err := event.NewSender("http://broker.example/", event.SenderOptions{Transport: s})
				if err != nil {
					t.Fatal(err)
				}
				ctx := t.Context()
				if tc.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tc.timeout)
					defer cancel()
				}
				err = sender.Send(ctx, newEvent(t))
				if (err != nil) != tc.fails || event.IsPermanent(err) != tc.permanent {
					t.Errorf("got %v, want error %t, permanent %t", err, tc.fails, tc.permanent)
				}
				if diff := cmp.Diff(tc.asked, s.asked); diff != "" {
					t.Errorf("attempts (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestNewSenderErrors(t *testing.T) {
	for _, sink := range []string{"", "broker", "ftp://broker", "http://", "http://user:password@bro ker"} {
		if _, err := event.NewSender(sink, event.SenderOptions{}); err == nil || strings.Contains(err.Error(), "password") {
			t.Errorf("sink %q: got %v, want an error without secrets", sink, err)
		}
	}
}
