// SPDX-License-Identifier: Apache-2.0

package hook_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/functions/hook"
	"github.com/cutwater-ci/cutwater/internal/function"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

var repo = github.Repo{Org: "org", Name: "repo"}

// world is a GitHub with a webhook that leads to a hook, which may be down.
type world struct {
	*fixture
	github *githubtest.Server
	issue  github.Issue
	vars   map[string]string // hook's environment, beside the fixture's
	ahead  *atomic.Int64     // GitHub's clock
	logs   *observer.ObservedLogs

	mu sync.Mutex
	up http.Handler // nil while it is down
}

// newWorld makes an org with a webhook of the kind: app, org or repo. hook is up.
func newWorld(t *testing.T, kind string) *world {
	t.Helper()
	w := &world{fixture: start(t), ahead: &atomic.Int64{}}
	w.github = githubtest.Start(t, githubtest.Options{Now: func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }})
	if err := w.github.CreateRepo(t.Context(), repo, githubtest.RepoOptions{}); err != nil {
		t.Fatal(err)
	}
	w.github.AddOwner("org", "bot")
	w.github.AddMember("org", "ann")
	front := httptest.NewServer(w)
	t.Cleanup(front.Close)
	w.Server = front
	to := githubtest.Webhook{URL: front.URL + "/hook", Secret: token}
	w.vars = map[string]string{"GITHUB_ENDPOINT": w.github.URL()}
	switch kind {
	case "app":
		maps.Copy(w.vars, map[string]string{"GITHUB_APP_ID": "42", "GITHUB_APP_PRIVATE_KEY_PATH": w.addApp(t)})
	case "org":
		to.Org = "org"
		maps.Copy(w.vars, map[string]string{"GITHUB_TOKEN_PATH": w.tokenOf(t, "bot"), "WEBHOOK_OWNERS": "org", "WEBHOOK_URL": to.URL})
	case "repo":
		to.Repo = "org/repo"
		maps.Copy(w.vars, map[string]string{"GITHUB_TOKEN_PATH": w.tokenOf(t, "bot"), "WEBHOOK_OWNERS": "org/repo", "WEBHOOK_URL": to.URL})
	}
	w.start(t)
	if err := w.github.AddWebhook(to); err != nil {
		t.Fatal(err)
	}
	issue, err := w.github.OpenIssue(t.Context(), "ann", repo, "T", "")
	if err != nil {
		t.Fatal(err)
	}
	w.issue = issue
	w.drain(t)
	return w
}

func (w *world) addApp(t *testing.T) (keyFile string) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	w.github.AddApp(githubtest.App{ID: 42, Slug: "cutwater", Key: &private.PublicKey, Orgs: []string{"org"}})
	keyFile = filepath.Join(t.TempDir(), "key.pem")
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)}
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return keyFile
}

func (w *world) tokenOf(t *testing.T, login string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(w.github.Token(login)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// newHook makes another hook with the world's environment.
func (w *world) newHook(t *testing.T) http.Handler {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	w.logs, w.registry = logs, prometheus.NewRegistry()
	ctx := logging.WithLogger(context.WithoutCancel(t.Context()), zap.New(core).Sugar())
	handler, err := hook.New(function.WithRegisterer(ctx, w.registry), w.lookup)
	if err != nil {
		t.Fatal(err)
	}
	handler = function.Handler(handler, w.registry)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(rw, r.WithContext(logging.WithLogger(r.Context(), logging.FromContext(ctx))))
	})
}

// lookup is hook's environment.
func (w *world) lookup(key string) (string, bool) {
	if value, ok := w.vars[key]; ok {
		return value, ok
	}
	return w.env(key)
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	up := w.up
	w.mu.Unlock()
	if up == nil {
		rw.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	up.ServeHTTP(rw, r)
}

func (w *world) set(up http.Handler) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.up = up
}

// start starts hook, again if need be; stop stops it.
func (w *world) start(t *testing.T) { t.Helper(); w.set(w.newHook(t)) }
func (w *world) stop()              { w.set(nil) }

// comment has people say so many things, and waits until GitHub has told of them.
func (w *world) comment(t *testing.T, times int) {
	t.Helper()
	for n := range times {
		if _, err := w.github.Comment("ann", w.issue, fmt.Sprint("comment ", n)); err != nil {
			t.Fatal(err)
		}
	}
	w.drain(t)
}

func (w *world) drain(t *testing.T) {
	t.Helper()
	if err := w.github.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// wantSweep has hook sweep, waits for what GitHub sends, and returns what GitHub was
// asked meanwhile, tokens of apps aside.
func (w *world) wantSweep(t *testing.T, want int) []githubtest.Request {
	t.Helper()
	w.github.Requests()
	if status := w.sweep(t); status != want {
		t.Errorf("sweep: got %d, want %d; %v", status, want, w.logs.All())
	}
	w.drain(t)
	return w.github.Requests()
}

// wantAttempts wants each comment to have been sent so often, the last time with
// success, and to be an event once.
func (w *world) wantAttempts(t *testing.T, want int, ok bool) {
	t.Helper()
	taken := w.sink.taken()
	for _, d := range w.github.Deliveries() {
		if d.Event != "issue_comment" {
			continue
		}
		events := len(slices.DeleteFunc(slices.Clone(taken), func(id string) bool { return id != d.GUID }))
		if len(d.Attempts) != want || d.OK() != ok || (events == 1) != ok {
			t.Errorf("%s: %d attempts, delivered %t, %d events; want %d attempts, %t", d.GUID, len(d.Attempts), d.OK(), events, want, ok)
		}
	}
}

// wantMissing wants so many deliveries to be known as missing.
func (w *world) wantMissing(t *testing.T, want int) {
	t.Helper()
	n := 0
	for m, err := range w.inbox.Missing(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		t.Log("missing", m.GUID, m.Asked)
	}
	if n != want {
		t.Errorf("%d deliveries are missing, want %d", n, want)
	}
}

// age makes objects look as if they were older.
func (w *world) age(t *testing.T, pattern string, by time.Duration) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(w.dir, "inbox", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing is called %s (%v)", pattern, err)
	}
	for _, file := range files {
		then := time.Now().Add(-by)
		if err := os.Chtimes(file, then, then); err != nil {
			t.Fatal(err)
		}
	}
}
