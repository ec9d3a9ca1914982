// SPDX-License-Identifier: Apache-2.0

package hook_test

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/cutwater-ci/cutwater/functions/hook"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/function"
	"github.com/cutwater-ci/cutwater/internal/inbox"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

const (
	token  = "token"
	thanks = "Event received. Have a nice day."
	// sendTimeout is how long the answer to a webhook waits for the sink.
	sendTimeout = 500 * time.Millisecond
	guid        = "2f6cb1a0-5f5c-11ee-8c99-0242ac120002"
)

// sink takes events, or refuses them with a status.
type sink struct {
	mu     sync.Mutex
	refuse int
	hates  string // the ID of an event that it refuses always
	slow   bool   // takes longer than the answer to a webhook can wait
	asked  int    // how often, refusals included
	ids    []string
	bodies []string
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.slow {
		body, _ := io.ReadAll(r.Body) // after that it is seen when the sender goes
		r.Body = io.NopCloser(bytes.NewReader(body))
		select {
		case <-r.Context().Done():
			return
		case <-time.After(2 * sendTimeout):
		}
	}
	if s.refuse != 0 || (s.hates != "" && r.Header.Get("Ce-Id") == s.hates) {
		w.WriteHeader(cmp.Or(s.refuse, http.StatusInternalServerError))
		return
	}
	event.Handler(func(_ context.Context, ev event.Event) error {
		s.ids = append(s.ids, ev.ID())
		s.bodies = append(s.bodies, string(ev.Data()))
		return nil
	}).ServeHTTP(w, r)
}

func (s *sink) setRefuse(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = status
}

// taken returns the IDs of the events that the sink has taken.
func (s *sink) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.ids...)
}

// fixture is a running hook.
type fixture struct {
	*httptest.Server
	sink     *sink
	sinkURL  string
	dir      string
	bucket   *blob.Bucket
	inbox    *inbox.Inbox
	secret   string // file
	registry *prometheus.Registry
}

func start(tb testing.TB) *fixture {
	tb.Helper()
	f := &fixture{sink: &sink{}, dir: tb.TempDir(), registry: prometheus.NewRegistry()}
	f.secret = filepath.Join(tb.TempDir(), "hmac")
	if err := os.WriteFile(f.secret, []byte(token+"\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	broker := httptest.NewServer(f.sink)
	tb.Cleanup(broker.Close)
	f.sinkURL = broker.URL
	var err error
	if f.bucket, err = blob.Open(tb.Context(), "file://"+f.dir); err != nil {
		tb.Fatal(err)
	}
	f.inbox = inbox.New(f.bucket)
	handler, err := hook.New(function.WithRegisterer(tb.Context(), f.registry), f.env)
	if err != nil {
		tb.Fatal(err)
	}
	f.Server = httptest.NewServer(function.Handler(handler, f.registry))
	tb.Cleanup(f.Close)
	return f
}

func (f *fixture) env(key string) (string, bool) {
	value, ok := map[string]string{
		"BUCKET":           "file://" + f.dir,
		"HMAC_SECRET_FILE": f.secret,
		"K_SINK":           f.sinkURL,
		"SEND_TIMEOUT":     sendTimeout.String(),
	}[key]
	return value, ok
}

// request returns a webhook as GitHub sends it, signed.
func (f *fixture) request(tb testing.TB, event, guid, body string) *http.Request {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, f.URL+"/hook", strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", event)
	r.Header.Set("X-GitHub-Delivery", guid)
	r.Header.Set("X-Hub-Signature-256", webhook.Sign([]byte(body), []byte(token)))
	return r
}

// do returns the answer's status and body.
func (f *fixture) do(tb testing.TB, r *http.Request) (int, string) {
	tb.Helper()
	response, err := f.Client().Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func (f *fixture) sweep(tb testing.TB) int {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, f.URL+"/sweep", nil)
	if err != nil {
		tb.Fatal(err)
	}
	status, _ := f.do(tb, r)
	return status
}

// keys lists the bucket.
func (f *fixture) keys(tb testing.TB) []string {
	tb.Helper()
	keys := []string{}
	for o, err := range f.bucket.List(tb.Context(), "", "") {
		if err != nil {
			tb.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

// wantMetrics checks lines of /metrics.
// metrics is what hook says of itself.
func (f *fixture) metrics(t *testing.T) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.URL+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, text := f.do(t, r)
	return text
}

func (f *fixture) wantMetrics(t *testing.T, lines ...string) {
	t.Helper()
	text := f.metrics(t)
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("metrics: want %s, got\n%s", line, text)
		}
	}
}

func TestAccepted(t *testing.T) {
	f := start(t)
	const body = `{"action":"created"}`
	for range 3 { // GitHub may send it again
		status, text := f.do(t, f.request(t, "issue_comment", guid, body))
		if status != http.StatusOK || text != thanks {
			t.Errorf("got %d %q, want 200 %q", status, text, thanks)
		}
	}
	if diff := gocmp.Diff([]string{guid}, f.sink.taken()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff([]string{body}, f.sink.bodies); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	want := []string{"inbox/deliveries/" + guid + "/request", "inbox/pending/" + guid}
	if diff := gocmp.Diff(want, f.keys(t)); diff != "" {
		t.Errorf("bucket (-want +got):\n%s", diff)
	}
	d, err := f.inbox.Get(t.Context(), guid)
	if err != nil {
		t.Fatal(err)
	}
	if string(d.Body) != body || d.Event != "issue_comment" {
		t.Errorf("stored: got %s %q, want issue_comment %q", d.Event, d.Body, body)
	}
	f.wantMetrics(t, `prow_webhook_counter{event_type="issue_comment"} 3`, `prow_webhook_response_codes{response_code="200"} 3`)
}

func TestLargest(t *testing.T) {
	f := start(t)
	body := `{"zen":"` + strings.Repeat("x", 25<<20-10) + `"}`
	if len(body) != 25<<20 {
		t.Fatalf("test sends %d bytes", len(body))
	}
	if status, text := f.do(t, f.request(t, "push", guid, body)); status != http.StatusOK {
		t.Fatalf("got %d %q, want 200", status, text)
	}
	if diff := gocmp.Diff([]string{""}, f.sink.bodies); diff != "" {
		t.Errorf("data sent (-want +got):\n%s", diff)
	}
	d, err := f.inbox.Get(t.Context(), guid)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(d.Body, []byte(body)) {
		t.Errorf("stored: got %d bytes, want the same %d", len(d.Body), len(body))
	}
}

func TestNoJSON(t *testing.T) {
	f := start(t)
	for id, body := range map[string]string{"a": "no JSON", "b": `{"action":"open`, "c": ""} {
		if status, text := f.do(t, f.request(t, "push", id, body)); status != http.StatusOK || text != thanks {
			t.Errorf("body %q: got %d %q, want 200 %q", body, status, text, thanks)
		}
	}
	if got := f.sink.taken(); len(got) > 0 {
		t.Errorf("events: got %v, want none", got)
	}
	want := []string{
		"inbox/dead/a", "inbox/dead/b", "inbox/dead/c",
		"inbox/deliveries/a/request", "inbox/deliveries/b/request", "inbox/deliveries/c/request",
	}
	if diff := gocmp.Diff(want, f.keys(t)); diff != "" {
		t.Errorf("bucket (-want +got):\n%s", diff)
	}
}

func TestOtherPaths(t *testing.T) {
	f := start(t)
	for request, want := range map[string]int{"GET /": 200, "HEAD /": 200, "POST /": 405, "GET /nothing": 404, "GET /sweep": 405} {
		method, path, _ := strings.Cut(request, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, f.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if status, text := f.do(t, r); status != want || (status == http.StatusOK && text != "") {
			t.Errorf("%s: got %d %q, want %d", request, status, text, want)
		}
	}
}

func TestBucketNotWritable(t *testing.T) {
	f := start(t)
	// Root may write anywhere, but nobody makes a folder where a file is.
	if err := os.WriteFile(filepath.Join(f.dir, "inbox"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	status, text := f.do(t, f.request(t, "push", guid, `{}`))
	if status != http.StatusInternalServerError || strings.Contains(text, f.dir) {
		t.Errorf("got %d %q, want 500 without the bucket's name", status, text)
	}
	if err := os.Remove(filepath.Join(f.dir, "inbox")); err != nil {
		t.Fatal(err)
	}
	if status, text := f.do(t, f.request(t, "push", guid, `{}`)); status != http.StatusOK {
		t.Errorf("when it is writable again: got %d %q, want 200", status, text)
	}
	if diff := gocmp.Diff([]string{guid}, f.sink.taken()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestRotatedSecret(t *testing.T) {
	f := start(t)
	r := f.request(t, "push", guid, `{}`)
	r.Header.Set("X-Hub-Signature-256", webhook.Sign([]byte(`{}`), []byte("new")))
	if status, _ := f.do(t, r.Clone(t.Context())); status != http.StatusForbidden {
		t.Errorf("before: got %d, want 403", status)
	}
	file := "'*':\n- value: " + token + "\n- value: new\n"
	if err := os.WriteFile(f.secret, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	r.Body = io.NopCloser(strings.NewReader(`{}`))
	if status, _ := f.do(t, r); status != http.StatusOK {
		t.Errorf("new token: got %d, want 200", status)
	}
	if status, _ := f.do(t, f.request(t, "push", "other", `{}`)); status != http.StatusOK {
		t.Errorf("old token: got %d, want 200", status)
	}
}

func TestNewErrors(t *testing.T) {
	f := start(t)
	for _, tc := range []struct{ key, value, want string }{
		{"BUCKET", "", "BUCKET"},
		{"BUCKET", "ftp://x", "ftp"},
		{"HMAC_SECRET_FILE", "", "HMAC_SECRET_FILE"},
		{"HMAC_SECRET_FILE", "/missing/hmac", "/missing/hmac"},
		{"K_SINK", "broker", "K_SINK"},
		{"SEND_TIMEOUT", "soon", "SendTimeout"},
		{"WEBHOOK_PATH", "hook", "WEBHOOK_PATH"},
		{"WEBHOOK_PATH", "/{hook", "WEBHOOK_PATH"},
		{"WEBHOOK_PATH", "/sweep", "WEBHOOK_PATH"},
		{"WEBHOOK_PATH", "/dead-letter", "WEBHOOK_PATH"},
		{"WEBHOOK_OWNERS", "org", "WEBHOOK_URL"},
	} {
		env := func(key string) (string, bool) {
			if key == tc.key {
				return tc.value, true
			}
			return f.env(key)
		}
		if _, err := hook.New(t.Context(), env); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s=%q: got error %v, want one about %s", tc.key, tc.value, err, tc.want)
		}
	}
}
