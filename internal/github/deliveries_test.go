// SPDX-License-Identifier: Apache-2.0

package github_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

// TestDeliveries lists failures of each kind of webhook, over three pages, and has
// one of them delivered again.
func TestDeliveries(t *testing.T) {
	const many = 201
	for _, tc := range []struct {
		name string
		to   githubtest.Webhook
		hook func(t *testing.T, s *githubtest.Server, url string) (*github.Client, github.Webhook)
	}{
		{"app", githubtest.Webhook{}, func(t *testing.T, s *githubtest.Server, _ string) (*github.Client, github.Webhook) {
			key, public := appKey(t)
			s.AddApp(githubtest.App{ID: 42, Slug: "cutwater", Key: public, Orgs: []string{"org"}})
			c := must[*github.Client](t)(github.New(t.Context(), github.Options{Endpoint: s.URL(), AppID: 42, AppKeyFile: key}))
			if !c.IsApp() {
				t.Error("the client of an app is none")
			}
			return c, github.AppWebhook()
		}},
		{"repo", githubtest.Webhook{Repo: "org/repo"}, func(t *testing.T, s *githubtest.Server, url string) (*github.Client, github.Webhook) {
			c := clientAs(t, s, "ci-robot")
			return c, only(t, must[[]github.Webhook](t)(c.RepoWebhooks(t.Context(), repo)), url)
		}},
		{"org", githubtest.Webhook{Org: "org"}, func(t *testing.T, s *githubtest.Server, url string) (*github.Client, github.Webhook) {
			c := clientAs(t, s, "ci-robot")
			return c, only(t, must[[]github.Webhook](t)(c.OrgWebhooks(t.Context(), "org")), url)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := world(t)
			var status atomic.Int64
			status.Store(http.StatusOK)
			target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) }))
			t.Cleanup(target.Close)
			tc.to.URL = target.URL
			if err := s.AddWebhook(tc.to); err != nil {
				t.Fatal(err)
			}
			c, hook := tc.hook(t, s, target.URL)
			drain(t, s) // the ping arrives
			status.Store(http.StatusServiceUnavailable)
			issue := must[github.Issue](t)(s.OpenIssue(t.Context(), "ann", repo, "T", ""))
			drain(t, s)
			s.Lose(func(githubtest.Delivery) bool { return true })
			for range many - 1 {
				must[github.Comment](t)(s.Comment("ann", issue, "hello"))
			}
			drain(t, s)
			s.Lose(nil)
			s.Requests()
			failed := failedDeliveries(t, c, hook)
			if len(failed) != many || failed[0].Event != "issue_comment" || failed[0].Status != 0 || failed[many-1].Event != "issues" || failed[many-1].Status != 503 {
				t.Fatalf("got %d failures, the newest %+v, want %d, the oldest being the issue's", len(failed), failed[0], many)
			}
			if got := len(s.Requests()); got != 3 {
				t.Errorf("took %d requests, want 3", got)
			}
			status.Store(http.StatusOK)
			oldest := failed[many-1]
			if err := c.Redeliver(t.Context(), hook, oldest.ID); err != nil {
				t.Fatal(err)
			}
			drain(t, s)
			for _, d := range s.Deliveries() {
				if want := d.GUID == oldest.GUID || d.Event == "ping"; d.OK() != want {
					t.Errorf("%s %s: delivered is %t, want %t", d.Event, d.GUID, d.OK(), want)
				}
			}
			// What failed stays in the list of failures.
			diff(t, "failures after that", len(failedDeliveries(t, c, hook)), many)
			if err := c.Redeliver(t.Context(), hook, 99999); !github.IsNotFound(err) {
				t.Errorf("redelivering what is not there: got %v, want that it is not there", err)
			}
		})
	}
}

// TestDeliveriesOfOthers is what those see who may not: that there are none.
func TestDeliveriesOfOthers(t *testing.T) {
	s := world(t)
	c := clientAs(t, s, "ann", func(o *github.Options) { o.Retry.NotFound = -1 })
	if c.IsApp() {
		t.Error("a client with a token is no app")
	}
	_, err := c.RepoWebhooks(t.Context(), repo)
	if !github.IsNotFound(err) || !strings.Contains(err.Error(), "listing webhooks of org/repo") {
		t.Errorf("repo: got %v", err)
	}
	if _, err := c.OrgWebhooks(t.Context(), "org"); !github.IsNotFound(err) {
		t.Errorf("org: got %v", err)
	}
	for _, err := range c.FailedDeliveries(t.Context(), github.AppWebhook()) {
		if !github.IsUnauthorized(err) {
			t.Errorf("app: got %v", err)
		}
	}
}

// only wants one webhook, which leads to the URL.
func only(t *testing.T, hooks []github.Webhook, url string) github.Webhook {
	t.Helper()
	if len(hooks) != 1 || hooks[0].URL != url {
		t.Fatalf("got webhooks %v, want one to %s", hooks, url)
	}
	return hooks[0]
}

func failedDeliveries(t *testing.T, c *github.Client, hook github.Webhook) []github.Delivery {
	t.Helper()
	var all []github.Delivery
	for d, err := range c.FailedDeliveries(t.Context(), hook) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	if !slices.IsSortedFunc(all, func(a, b github.Delivery) int { return b.At.Compare(a.At) }) {
		t.Error("the newest does not come first")
	}
	return all
}

func drain(t *testing.T, s *githubtest.Server) {
	t.Helper()
	if err := s.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}
