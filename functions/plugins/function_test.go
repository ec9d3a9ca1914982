// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"cmp"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	"github.com/cutwater-ci/cutwater/internal/blob"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/typed/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/inbox"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

const testToken = "hmac-token"

// functionOptions say what a function is to be tested with.
type functionOptions struct {
	config   *config.Config
	settings *plugins.Configuration
	// github is the API's URL, and prowJobs the cluster; with plugins given, neither is needed.
	github   string
	prowJobs prowclient.ProwJobsGetter
	plugins  []plugin.Plugin
	// inbox is of another function; nil makes a new one.
	inbox   *inbox.Inbox
	timeout time.Duration
}

// testFunction is the function behind HTTP, with an inbox in memory.
type testFunction struct {
	t     *testing.T
	inbox *inbox.Inbox
	url   string
}

func newFunction(t *testing.T, o functionOptions) *testFunction {
	t.Helper()
	ctx := t.Context()
	box := o.inbox
	if box == nil {
		bucket, err := blob.Open(ctx, "mem://")
		if err != nil {
			t.Fatal(err)
		}
		box = inbox.New(bucket)
	}
	file := filepath.Join(t.TempDir(), "hmac")
	if err := os.WriteFile(file, []byte(testToken), 0o600); err != nil {
		t.Fatal(err)
	}
	secrets, err := webhook.OpenSecrets(file)
	if err != nil {
		t.Fatal(err)
	}
	if o.plugins == nil {
		gh, err := github.New(ctx, github.Options{Endpoint: o.github, Transport: noting{http.DefaultTransport}})
		if err != nil {
			t.Fatal(err)
		}
		o.plugins = All(Clients{GitHub: gh, ProwJobs: o.prowJobs, Now: time.Now})
	}
	h := &handler{
		reader:   webhook.NewReader(box, secrets),
		ledger:   ledger{box},
		config:   func() *config.Config { return o.config },
		settings: func() *plugins.Configuration { return o.settings },
		plugins:  o.plugins,
		external: external{client: http.DefaultClient, inbox: box},
		metrics:  newMetrics(prometheus.NewRegistry()),
		timeout:  cmp.Or(o.timeout, time.Minute),
		now:      time.Now,
	}
	server := httptest.NewUnstartedServer(h.routes())
	quiet := logging.WithLogger(context.Background(), zap.NewNop().Sugar())
	server.Config.BaseContext = func(net.Listener) context.Context { return quiet }
	server.Start()
	t.Cleanup(server.Close)
	return &testFunction{t: t, inbox: box, url: server.URL}
}

// deliver has the webhook accepted, as hook does, and then sends its event once.
func (f *testFunction) deliver(guid, kind string, payload []byte) int {
	f.t.Helper()
	d := inbox.Delivery{GUID: guid, Event: kind, Header: http.Header{}, Body: payload, ReceivedAt: time.Now()}
	d.Header.Set(webhook.SignatureHeader, webhook.Sign(payload, []byte(testToken)))
	d.Header.Set("Content-Type", "application/json")
	d.Header.Set("User-Agent", "GitHub-Hookshot/1")
	if err := f.inbox.Put(f.t.Context(), d); err != nil {
		f.t.Fatal(err)
	}
	return f.send(guid)
}

// send sends the event of an accepted delivery, as the broker does.
func (f *testFunction) send(guid string) int {
	f.t.Helper()
	d, err := f.inbox.Get(f.t.Context(), guid)
	if err != nil {
		f.t.Fatal(err)
	}
	ev, err := webhook.Event(d)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.sendEvent(ev)
}

func (f *testFunction) sendEvent(ev event.Event) int {
	f.t.Helper()
	request, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, f.url, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := cehttp.WriteRequest(f.t.Context(), binding.ToMessage(&ev), request); err != nil {
		f.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

// entry returns the states of plugins in the ledger.
func (f *testFunction) entry(guid string) map[string]string {
	f.t.Helper()
	e, err := f.inbox.Entry(f.t.Context(), guid, Consumer)
	if err != nil {
		f.t.Fatal(err)
	}
	states := map[string]string{}
	for name, o := range e.Plugins {
		states[name] = o.State
	}
	return states
}

// pending reports whether the delivery waits to be finished.
func (f *testFunction) pending(guid string) bool {
	f.t.Helper()
	for p, err := range f.inbox.Pending(f.t.Context()) {
		if err != nil {
			f.t.Fatal(err)
		}
		if p.GUID == guid {
			return true
		}
	}
	return false
}

func (f *testFunction) pluginHelp() allHelp {
	f.t.Helper()
	response, err := http.Get(f.url + "/plugin-help")
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	var help allHelp
	if err := json.NewDecoder(response.Body).Decode(&help); err != nil {
		f.t.Fatal(err)
	}
	return help
}
