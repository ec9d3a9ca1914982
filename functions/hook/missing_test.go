// SPDX-License-Identifier: Apache-2.0

package hook_test

import (
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

	"github.com/cutwater-ci/cutwater/functions/hook"
	"github.com/cutwater-ci/cutwater/internal/blob/blobtest"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

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

// What was given up is not missing, though GitHub still has it on record; and it is
// taken up again when somebody has GitHub deliver it.
func TestMissingGivenUp(t *testing.T) {
	w := newWorld(t, "app")
	w.stop()
	w.comment(t, 1)
	w.start(t)
	w.github.Lose(func(githubtest.Delivery) bool { return true })
	w.wantSweep(t, http.StatusAccepted)
	w.age(t, "missing/*/failed-*", 73*time.Hour)
	for range 2 {
		w.wantSweep(t, http.StatusAccepted)
		w.wantMissing(t, 0)
		w.wantMetrics(t, "cutwater_inbox_buried_total 1", "cutwater_inbox_missing 0", "cutwater_inbox_asked_total 1")
	}
	w.github.Lose(nil)
	all := w.github.Deliveries()
	if err := w.github.Redeliver(all[len(all)-1].GUID); err != nil {
		t.Fatal(err)
	}
	w.drain(t)
	w.wantAttempts(t, 3, true)
	if n, err := w.inbox.CountDead(t.Context()); n != 0 || err != nil {
		t.Errorf("given up: got %d, %v, want none", n, err)
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

// A token that may see what is missing, and not ask for it, is told that there is no
// such thing. That is no reason to give anything up.
func TestMissingNotRedelivered(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusUnprocessableEntity} {
		w := newWorld(t, "repo")
		w.stop()
		w.comment(t, 2)
		w.start(t)
		w.github.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost {
				return false
			}
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(status)
			_, _ = rw.Write([]byte(`{"message":"No"}`))
			return true
		})
		for range 2 { // the second is too early
			w.wantSweep(t, http.StatusAccepted)
		}
		if got := w.logs.FilterMessageSnippet("admin:repo_hook").Len(); got != 2 {
			t.Errorf("%d: said %d times that it is not delivered again, want once for each", status, got)
		}
		w.wantMetrics(t, "cutwater_inbox_missing 2", "cutwater_inbox_asked_total 0", "cutwater_inbox_buried_total 0")
		w.github.Intercept(nil)
		w.age(t, "missing/*/asked-1", time.Hour)
		w.wantSweep(t, http.StatusAccepted)
		w.wantAttempts(t, 2, true)
	}
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
	w.age(t, "deliveries/*/request", 2*time.Minute)
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
