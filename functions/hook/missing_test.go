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
	"strings"
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
	"github.com/cutwater-ci/cutwater/internal/blob/blobtest"
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

// hook is down for a while; when it is back, GitHub delivers again what it missed,
// once. A sweep that has nothing to do costs one request.
func TestMissing(t *testing.T) {
	for _, kind := range []string{"app", "org", "repo"} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t, kind)
			w.wantSweep(t, http.StatusAccepted)
			w.stop()
			w.comment(t, 3)
			w.wantAttempts(t, 1, false)
			w.start(t)
			w.wantSweep(t, http.StatusAccepted)
			w.wantAttempts(t, 2, true)
			w.wantMetrics(t, "cutwater_inbox_missing 3", "cutwater_inbox_asked_total 3")
			for range 2 {
				requests := w.wantSweep(t, http.StatusAccepted)
				if len(requests) != 1 || !strings.HasSuffix(requests[0].Path, "/deliveries") {
					t.Errorf("an idle sweep asked GitHub %v, want one page of deliveries", requests)
				}
			}
			w.wantAttempts(t, 2, true)
			w.wantMissing(t, 0)
			w.wantMetrics(t, "cutwater_inbox_missing 0", "cutwater_inbox_asked_total 3", "cutwater_inbox_refused_owners 0")
		})
	}
}

// The same with the inbox in S3.
func TestMissingS3(t *testing.T) {
	w := newWorld(t, "app")
	bucket, credentials := blobtest.S3(t)
	w.vars["BUCKET"], w.vars["S3_CREDENTIALS_FILE"] = bucket, credentials.S3File
	w.stop()
	w.comment(t, 2)
	w.start(t)
	for range 2 {
		w.wantSweep(t, http.StatusAccepted)
	}
	w.wantAttempts(t, 2, true)
	w.wantMetrics(t, "cutwater_inbox_missing 0", "cutwater_inbox_asked_total 2")
}

// Of two hooks that sweep at the same moment one asks.
func TestMissingTwoSweeps(t *testing.T) {
	w := newWorld(t, "app")
	w.stop()
	w.comment(t, 10)
	hooks := []http.Handler{w.newHook(t), w.newHook(t)}
	w.start(t)
	var group sync.WaitGroup
	for _, h := range hooks {
		group.Go(func() {
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/sweep", http.NoBody))
			if answer.Code != http.StatusAccepted {
				t.Errorf("sweep: got %d", answer.Code)
			}
		})
	}
	group.Wait()
	w.drain(t)
	w.wantAttempts(t, 2, true)
	w.wantSweep(t, http.StatusAccepted)
	w.wantMissing(t, 0)
}

// What fails again is asked for again, later.
func TestMissingFailsAgain(t *testing.T) {
	w := newWorld(t, "org")
	w.stop()
	w.comment(t, 1)
	w.start(t)
	w.github.Lose(func(githubtest.Delivery) bool { return true })
	for _, attempts := range []int{2, 2} { // the second is too early
		w.wantSweep(t, http.StatusAccepted)
		w.wantAttempts(t, attempts, false)
	}
	w.age(t, "missing/*/asked-1", 5*time.Minute)
	w.wantSweep(t, http.StatusAccepted)
	w.wantAttempts(t, 3, false)
	w.age(t, "missing/*/asked-2", 5*time.Minute)
	w.wantSweep(t, http.StatusAccepted)
	w.wantAttempts(t, 3, false)
	w.age(t, "missing/*/asked-2", 9*time.Minute)
	w.github.Lose(nil)
	w.wantSweep(t, http.StatusAccepted)
	w.wantAttempts(t, 4, true)
	w.wantSweep(t, http.StatusAccepted)
	w.wantMissing(t, 0)
}

// GitHub forgets what it was asked for; after an hour it is asked once more.
func TestMissingForgotten(t *testing.T) {
	w := newWorld(t, "app")
	w.stop()
	w.comment(t, 1)
	w.start(t)
	w.github.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		rw.WriteHeader(http.StatusAccepted)
		_, _ = rw.Write([]byte("{}"))
		return true
	})
	w.wantSweep(t, http.StatusAccepted)
	w.github.Intercept(nil)
	w.age(t, "missing/*/asked-1", 59*time.Minute)
	w.wantSweep(t, http.StatusAccepted)
	w.wantAttempts(t, 1, false)
	w.age(t, "missing/*/asked-1", time.Hour)
	w.wantSweep(t, http.StatusAccepted)
	w.wantAttempts(t, 2, true)
}

// Three pages of failures; a sweep asks for 200 of them.
func TestMissingManyPages(t *testing.T) {
	w := newWorld(t, "app")
	w.github.Lose(func(githubtest.Delivery) bool { return true })
	w.comment(t, 250)
	w.github.Lose(nil)
	redelivered := func() (n int) {
		for _, d := range w.github.Deliveries() {
			if d.Event == "issue_comment" && d.OK() {
				n++
			}
		}
		return n
	}
	w.wantSweep(t, http.StatusAccepted)
	if got := redelivered(); got != 200 {
		t.Errorf("after one sweep %d have arrived, want 200", got)
	}
	w.wantSweep(t, http.StatusAccepted)
	w.wantAttempts(t, 2, true)
	w.wantSweep(t, http.StatusAccepted)
	w.wantMissing(t, 0)
}

// What failed more than three days ago is not asked for; what is missing for three
// days is given up.
func TestMissingTooLong(t *testing.T) {
	w := newWorld(t, "repo")
	w.stop()
	w.ahead.Store(int64(-73 * time.Hour))
	w.comment(t, 1)
	w.start(t)
	w.wantSweep(t, http.StatusAccepted)
	w.wantMissing(t, 0)

	w.ahead.Store(0)
	w.stop()
	w.comment(t, 1)
	w.start(t)
	w.github.Lose(func(githubtest.Delivery) bool { return true })
	w.wantSweep(t, http.StatusAccepted)
	w.age(t, "missing/*/failed-*", 73*time.Hour)
	w.wantSweep(t, http.StatusAccepted)
	w.wantMissing(t, 0)
	w.wantMetrics(t, "cutwater_inbox_buried_total 1", "cutwater_inbox_missing 0")
	comments := slices.DeleteFunc(w.github.Deliveries(), func(d githubtest.Delivery) bool { return d.Event != "issue_comment" })
	dead, err := w.inbox.GivenUp(t.Context(), comments[1].GUID)
	if err != nil || !strings.Contains(dead.Reason, "it never arrived: GitHub was asked to deliver it again 1 times") {
		t.Errorf("given up: got %+v, %v", dead, err)
	}
}

// A token that may not see webhooks is no error: that is said once, also if hook is
// started anew, and whatever is pending is swept.
func TestMissingWithoutRights(t *testing.T) {
	w := newWorld(t, "repo")
	w.vars["GITHUB_TOKEN_PATH"] = w.tokenOf(t, "ann")
	w.stop()
	w.comment(t, 1)
	for _, complaints := range []int{1, 0} {
		w.start(t)
		w.wantSweep(t, http.StatusAccepted)
		if got := w.logs.FilterMessageSnippet("admin:repo_hook").Len(); got != complaints {
			t.Errorf("said %d times that rights are missing, want %d", got, complaints)
		}
		w.wantMetrics(t, "cutwater_inbox_refused_owners 1")
	}
	w.vars["GITHUB_TOKEN_PATH"] = w.tokenOf(t, "bot")
	w.start(t)
	w.wantSweep(t, http.StatusAccepted)
	w.wantMetrics(t, "cutwater_inbox_refused_owners 0")
	w.wantAttempts(t, 2, true)
}

// GitHub wants to be left alone: nothing is asked any more, and all of it later.
func TestMissingRateLimited(t *testing.T) {
	w := newWorld(t, "app")
	w.stop()
	w.comment(t, 3)
	w.start(t)
	var asked atomic.Int64
	w.github.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		asked.Add(1)
		rw.Header().Set("Retry-After", "600")
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusTooManyRequests)
		_, _ = rw.Write([]byte(`{"message":"slow down"}`))
		return true
	})
	for range 2 {
		w.wantSweep(t, http.StatusAccepted)
	}
	if asked.Load() != 1 {
		t.Errorf("GitHub was asked %d times, want once", asked.Load())
	}
	w.github.Intercept(nil)
	w.start(t) // which does not know of the limit, but that is over
	w.wantSweep(t, http.StatusAccepted)
	w.wantAttempts(t, 2, true)
}

// hook died after it had stored the request: it is accepted without GitHub.
func TestMissingButStored(t *testing.T) {
	w := newWorld(t, "app")
	w.stop()
	w.comment(t, 1)
	all := w.github.Deliveries()
	d := all[len(all)-1]
	r := w.request(t, d.Event, d.GUID, string(d.Payload))
	w.start(t)
	if status, text := w.do(t, r); status != http.StatusOK {
		t.Fatalf("got %d %s", status, text)
	}
	if err := os.Remove(filepath.Join(w.dir, "inbox", "pending", d.GUID)); err != nil {
		t.Fatal(err)
	}
	w.wantSweep(t, http.StatusAccepted)
	if _, err := os.Stat(filepath.Join(w.dir, "inbox", "pending", d.GUID)); err != nil {
		t.Errorf("it is not pending: %v", err)
	}
	w.wantMetrics(t, "cutwater_inbox_asked_total 0")
}

// Webhooks are taken whatever is wrong with GitHub's credentials.
func TestMissingSwitchedOff(t *testing.T) {
	for name, vars := range map[string]map[string]string{
		"no credentials": nil,
		"no owners":      {"GITHUB_TOKEN_PATH": "/missing"},
		"no file":        {"GITHUB_TOKEN_PATH": "/missing", "WEBHOOK_OWNERS": "org", "WEBHOOK_URL": "https://hook.example/hook"},
	} {
		w := newWorld(t, "app")
		w.vars = vars
		w.start(t)
		if w.logs.FilterMessageSnippet("missing deliveries are not looked for").Len() != 1 {
			t.Errorf("%s: nobody says so: %v", name, w.logs.All())
		}
		w.wantSweep(t, http.StatusAccepted)
		w.comment(t, 1)
		w.wantAttempts(t, 1, true)
	}
}

func TestMissingOwners(t *testing.T) {
	w := newWorld(t, "repo")
	for _, owners := range []string{"org/repo/more", "a b", "..", "org,"} {
		w.vars["WEBHOOK_OWNERS"] = owners
		_, err := hook.New(t.Context(), w.lookup)
		if want := owners != "org,"; (err != nil) != want || want && !strings.Contains(err.Error(), "WEBHOOK_OWNERS") {
			t.Errorf("%q: got %v, want an error: %t", owners, err, want)
		}
	}
}
