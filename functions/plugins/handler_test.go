// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/inbox"
	"github.com/cutwater-ci/cutwater/triggers"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

const (
	guid    = "2f6cb1a0-5f5c-11ee-8c99-0242ac120002"
	comment = `{"action":"created","issue":{"number":1,"state":"open","user":{"login":"ann"},"pull_request":{}},` +
		`"comment":{"id":7,"body":"/hold","user":{"login":"bob"},"html_url":"https://github.com/org/repo/pull/1#issuecomment-7"},` +
		`"repository":{"name":"repo","full_name":"org/repo","owner":{"login":"org"}},"sender":{"login":"bob"}}`
)

// enabled is a configuration in which org has the plugins.
func enabled(names ...string) *plugins.Configuration {
	return &plugins.Configuration{Plugins: map[string]plugins.OrgPlugins{"org": {Plugins: names, ExcludedRepos: []string{"excluded"}}}}
}

// onComment is a plugin that does f for each comment, and acts when that is no error.
func onComment(name string, f func() error) plugin.Plugin {
	return plugin.Plugin{Name: name, OnComment: func(ctx context.Context, _ plugin.Comment) error {
		err := f()
		if err == nil {
			noteAction(ctx)
		}
		return err
	}}
}

func fine() error { return nil }

// What the ledger and the answer are, by what plugins do.
func TestOutcomes(t *testing.T) {
	broken := errors.New("GitHub is down")
	for _, tc := range []struct {
		name    string
		plugins []plugin.Plugin
		status  int
		ledger  map[string]string
		pending bool
	}{
		{"nobody cares", nil, http.StatusAccepted, map[string]string{}, false},
		{
			"acted, and had nothing to do",
			[]plugin.Plugin{onComment("a", fine), {Name: "b", OnComment: func(context.Context, plugin.Comment) error { return nil }}},
			http.StatusAccepted,
			map[string]string{"a": "done", "b": "nothing"},
			false,
		},
		{
			"is not about this event",
			[]plugin.Plugin{{Name: "a", OnPush: func(context.Context, plugin.Push) error { panic("called") }}},
			http.StatusAccepted,
			map[string]string{},
			false,
		},
		{
			"not enabled",
			[]plugin.Plugin{onComment("other", func() error { panic("called") })},
			http.StatusAccepted,
			map[string]string{},
			false,
		},
		{
			"one fails",
			[]plugin.Plugin{onComment("a", fine), onComment("b", func() error { return broken })},
			http.StatusInternalServerError,
			map[string]string{"a": "done", "b": "error"},
			true,
		},
		{
			"one fails for good",
			[]plugin.Plugin{onComment("a", fine), onComment("b", func() error { return event.Permanent(broken) })},
			http.StatusAccepted,
			map[string]string{"a": "done", "b": "permanent"},
			false,
		},
		{
			"one panics",
			[]plugin.Plugin{onComment("a", fine), onComment("b", func() error { panic("oops") })},
			http.StatusInternalServerError,
			map[string]string{"a": "done", "b": "error"},
			true,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFunction(t, functionOptions{config: &config.Config{}, settings: enabled("a", "b"), plugins: append(tc.plugins, plugin.Plugin{Name: "none"})})
			if got := f.deliver(guid, webhook.IssueComment, []byte(comment)); got != tc.status {
				t.Errorf("answered %d, want %d", got, tc.status)
			}
			if diff := gocmp.Diff(tc.ledger, f.entry(guid)); diff != "" {
				t.Errorf("ledger (-want, +got):\n%s", diff)
			}
			if got := f.pending(guid); got != tc.pending {
				t.Errorf("pending: %v, want %v", got, tc.pending)
			}
		})
	}
}

// A delivery that comes again is given to those plugins alone that are not finished.
func TestRedeliveryRunsTheUnfinished(t *testing.T) {
	var a, b, c atomic.Int32
	f := newFunction(t, functionOptions{config: &config.Config{}, settings: enabled("a", "b", "c"), plugins: []plugin.Plugin{
		onComment("a", func() error { a.Add(1); return nil }),
		onComment("b", func() error {
			if b.Add(1) < 3 {
				return errors.New("not yet")
			}
			return nil
		}),
		onComment("c", func() error { c.Add(1); return event.Permanent(errors.New("never")) }),
	}})
	got := []int{f.deliver(guid, webhook.IssueComment, []byte(comment)), f.send(guid), f.send(guid), f.send(guid)}
	if diff := gocmp.Diff([]int{500, 500, 202, 202}, got); diff != "" {
		t.Errorf("answers (-want, +got):\n%s", diff)
	}
	if diff := gocmp.Diff([]int32{1, 3, 1}, []int32{a.Load(), b.Load(), c.Load()}); diff != "" {
		t.Errorf("calls of a, b and c (-want, +got):\n%s", diff)
	}
	e, err := f.inbox.Entry(t.Context(), guid, Consumer)
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Plugins["b"].Attempts; got != 3 {
		t.Errorf("b was tried %d times by the ledger, want 3", got)
	}
	if f.pending(guid) {
		t.Error("the delivery is still pending")
	}
}

// A process that is killed while one plugin is busy leaves in the ledger what
// the others did, and they do not do it again.
func TestCrashBetweenPlugins(t *testing.T) {
	bucket := newFunction(t, functionOptions{}).inbox
	var acted atomic.Int32
	quick := onComment("quick", func() error { acted.Add(1); return nil })
	release := make(chan struct{})
	var killedOne sync.WaitGroup
	defer killedOne.Wait()
	defer close(release)
	stuck := onComment("slow", func() error { <-release; return errors.New("killed") })

	killed := newFunction(t, functionOptions{config: &config.Config{}, settings: enabled("quick", "slow"), plugins: []plugin.Plugin{quick, stuck}, inbox: bucket})
	killedOne.Go(func() { killed.deliver(guid, webhook.IssueComment, []byte(comment)) })
	for killed.entry(guid)["quick"] != inbox.StateDone {
		if t.Context().Err() != nil {
			t.Fatal("the ledger does not say what quick did")
		}
	}
	if !killed.pending(guid) {
		t.Fatal("the delivery is not pending, although slow is not finished")
	}

	next := newFunction(t, functionOptions{config: &config.Config{}, settings: enabled("quick", "slow"), plugins: []plugin.Plugin{quick, onComment("slow", fine)}, inbox: bucket})
	if got := next.send(guid); got != http.StatusAccepted {
		t.Errorf("answered %d, want 202", got)
	}
	if got := acted.Load(); got != 1 {
		t.Errorf("quick acted %d times, want 1", got)
	}
	if diff := gocmp.Diff(map[string]string{"quick": "done", "slow": "done"}, next.entry(guid)); diff != "" {
		t.Errorf("ledger (-want, +got):\n%s", diff)
	}
}

// The same delivery, sent while it is being handled, is handled once.
func TestDeliveryWhileBusy(t *testing.T) {
	var calls atomic.Int32
	began, release := make(chan struct{}), make(chan struct{})
	f := newFunction(t, functionOptions{config: &config.Config{}, settings: enabled("a"), plugins: []plugin.Plugin{onComment("a", func() error {
		if calls.Add(1) == 1 {
			close(began)
		}
		<-release
		return nil
	})}})
	var sends sync.WaitGroup
	sends.Go(func() { f.deliver(guid, webhook.IssueComment, []byte(comment)) })
	<-began
	for range 3 {
		sends.Go(func() { f.send(guid) })
	}
	close(release)
	sends.Wait()
	if got := calls.Load(); got != 1 {
		t.Errorf("the plugin was called %d times, want 1", got)
	}
}

// A plugin that takes too long is told to stop, and tried again.
func TestTimeout(t *testing.T) {
	slow := plugin.Plugin{Name: "a", OnComment: func(ctx context.Context, _ plugin.Comment) error {
		<-ctx.Done()
		return ctx.Err()
	}}
	f := newFunction(t, functionOptions{config: &config.Config{}, settings: enabled("a"), plugins: []plugin.Plugin{slow}, timeout: 20 * time.Millisecond})
	if got := f.deliver(guid, webhook.IssueComment, []byte(comment)); got != http.StatusInternalServerError {
		t.Errorf("answered %d, want 500", got)
	}
	if diff := gocmp.Diff(map[string]string{"a": "error"}, f.entry(guid)); diff != "" {
		t.Errorf("ledger (-want, +got):\n%s", diff)
	}
}

// An error may tell of all that is wrong in a repository; the ledger keeps its beginning.
func TestLongError(t *testing.T) {
	talkative := onComment("a", func() error { return errors.New(strings.Repeat("é", 100_000)) })
	f := newFunction(t, functionOptions{config: &config.Config{}, settings: enabled("a"), plugins: []plugin.Plugin{talkative}})
	f.deliver(guid, webhook.IssueComment, []byte(comment))
	e, err := f.inbox.Entry(t.Context(), guid, Consumer)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := e.Plugins["a"].Error, strings.Repeat("é", 2048)+"…"; got != want {
		t.Errorf("the ledger has %d bytes, want %d", len(got), len(want))
	}
}

// An event that GitHub has not signed runs nothing and leaves no trace.
func TestForgedEvent(t *testing.T) {
	f := newFunction(t, functionOptions{config: &config.Config{}, settings: enabled("a"), plugins: []plugin.Plugin{onComment("a", func() error { panic("called") })}})
	d := inbox.Delivery{GUID: guid, Event: webhook.IssueComment, Header: http.Header{}, Body: []byte(comment), ReceivedAt: time.Now()}
	d.Header.Set(webhook.SignatureHeader, webhook.Sign([]byte(comment), []byte("another token")))
	ev, err := webhook.Event(d)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.sendEvent(ev); got != http.StatusAccepted {
		t.Errorf("answered %d, want 202: it shall not be sent again", got)
	}
	if diff := gocmp.Diff(map[string]string{}, f.entry(guid)); diff != "" {
		t.Errorf("ledger (-want, +got):\n%s", diff)
	}
}

// An event that GitHub has signed and that makes no sense is given up, visibly.
func TestUnreadableEvent(t *testing.T) {
	f := newFunction(t, functionOptions{config: &config.Config{}, settings: enabled("a"), plugins: []plugin.Plugin{onComment("a", func() error { panic("called") })}})
	body := []byte(`{"action":`)
	d := inbox.Delivery{GUID: guid, Event: webhook.IssueComment, Header: http.Header{}, Body: body, ReceivedAt: time.Now()}
	if err := f.inbox.Put(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	ev := cloudevents.New()
	ev.SetID(guid)
	ev.SetType("dev.knative.source.github.issue_comment")
	ev.SetSource("https://github.com/org/repo")
	ev.SetExtension(triggers.Signature, webhook.Sign(body, []byte(testToken)))
	ev.DataEncoded = body
	if got := f.sendEvent(ev); got != http.StatusAccepted {
		t.Errorf("answered %d, want 202", got)
	}
	if f.pending(guid) {
		t.Error("the delivery is still pending")
	}
	for dead, err := range f.inbox.Dead(t.Context()) {
		if err != nil || dead.GUID != guid || dead.Reason == "" {
			t.Errorf("dead: %+v, %v; want %s with a reason", dead, err, guid)
		}
		return
	}
	t.Error("nothing is dead")
}

// External plugins get the webhook as GitHub sent it, once, whatever becomes of others.
func TestExternalPlugins(t *testing.T) {
	type request struct{ Body, Agent, Event, GUID, Signature, Type string }
	var mu sync.Mutex
	var got []request
	var failures atomic.Int32
	failures.Store(1)
	record := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, request{
			string(body), r.UserAgent(), r.Header.Get("X-GitHub-Event"), r.Header.Get("X-GitHub-Delivery"),
			r.Header.Get("X-Hub-Signature-256"), r.Header.Get("Content-Type"),
		})
	}))
	defer record.Close()
	unsteady := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if failures.Add(-1) >= 0 {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer unsteady.Close()
	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()

	settings := &plugins.Configuration{ExternalPlugins: map[string][]plugins.ExternalPlugin{
		"org":      {{Name: "record", Endpoint: record.URL}, {Name: "pushes", Endpoint: "http://127.0.0.1:1", Events: []string{"push"}}},
		"org/repo": {{Name: "unsteady", Endpoint: unsteady.URL, Events: []string{"issue_comment"}}, {Name: "refusing", Endpoint: refusing.URL}},
		"other":    {{Name: "other", Endpoint: "http://127.0.0.1:1"}},
	}}
	f := newFunction(t, functionOptions{config: &config.Config{}, settings: settings, plugins: []plugin.Plugin{{Name: "none"}}})
	answers := []int{f.deliver(guid, webhook.IssueComment, []byte(comment)), f.send(guid)}
	if diff := gocmp.Diff([]int{500, 202}, answers); diff != "" {
		t.Errorf("answers (-want, +got):\n%s", diff)
	}
	want := []request{{comment, "ProwHook", "issue_comment", guid, webhook.Sign([]byte(comment), []byte(testToken)), "application/json"}}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("what the external plugin got (-want, +got):\n%s", diff)
	}
	states := map[string]string{"external:record": "done", "external:unsteady": "done", "external:refusing": "permanent"}
	if diff := gocmp.Diff(states, f.entry(guid)); diff != "" {
		t.Errorf("ledger (-want, +got):\n%s", diff)
	}
}

// Events that no plugin is for are passed on to external plugins all the same.
func TestExternalPluginsGetEveryEvent(t *testing.T) {
	var events atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { events.Add(1) }))
	defer server.Close()
	settings := &plugins.Configuration{ExternalPlugins: map[string][]plugins.ExternalPlugin{"org": {{Name: "x", Endpoint: server.URL}}}}
	f := newFunction(t, functionOptions{config: &config.Config{}, settings: settings, plugins: []plugin.Plugin{{Name: "none"}}})
	payload := `{"action":"published","release":{},"repository":{"name":"repo","full_name":"org/repo","owner":{"login":"org"}}}`
	if got := f.deliver(guid, "release", []byte(payload)); got != http.StatusAccepted {
		t.Errorf("answered %d, want 202", got)
	}
	if got := events.Load(); got != 1 {
		t.Errorf("the external plugin got %d events, want 1", got)
	}
}
