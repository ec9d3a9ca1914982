// SPDX-License-Identifier: Apache-2.0

package githubtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

// receiver keeps the webhooks it gets, and answers with status.
type receiver struct {
	mu     sync.Mutex
	status int
	got    []string // "event action"
	bodies []map[string]any
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	var payload map[string]any
	switch {
	case req.Header.Get("X-Hub-Signature-256") != githubtest.Sign("s3cret", body):
		r.got = append(r.got, "badly signed")
	case req.Header.Get("Content-Type") != "application/json" || req.Header.Get("X-GitHub-Delivery") == "":
		r.got = append(r.got, fmt.Sprintf("badly sent: %v", req.Header))
	case json.Unmarshal(body, &payload) != nil:
		r.got = append(r.got, "no JSON")
	default:
		action, _ := payload["action"].(string)
		r.got = append(r.got, strings.TrimSpace(req.Header.Get("X-GitHub-Event")+" "+action))
	}
	r.bodies = append(r.bodies, payload)
	w.WriteHeader(r.status)
	_, _ = io.WriteString(w, "thanks")
}

// take returns what came since the last time.
func (r *receiver) take() ([]string, []map[string]any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	got, bodies := r.got, r.bodies
	r.got, r.bodies = nil, nil
	return got, bodies
}

func drain(t *testing.T, s *githubtest.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	check(t, s.Drain(ctx))
}

func listen(t *testing.T, s *githubtest.Server) *receiver {
	t.Helper()
	r := &receiver{status: 200}
	web := httptest.NewServer(r)
	t.Cleanup(web.Close)
	check(t, s.AddWebhook(githubtest.Webhook{URL: web.URL, Secret: "s3cret", Repo: "org/repo"}))
	return r
}

// TestWebhooks does what people do, and compares the webhooks with GitHub's. What
// they hold is compared with GitHub's schemas and examples as they are sent.
func TestWebhooks(t *testing.T) {
	s := start(t)
	ctx := t.Context()
	r := listen(t, s)
	var pull, issue github.Issue
	var comment github.Comment
	title := "A better title"
	for _, step := range []struct {
		what string
		do   func() error
		want []string
	}{
		{"webhook", func() error { return nil }, []string{"ping"}},
		{"open an issue", func() (err error) {
			issue, err = s.OpenIssue(ctx, "bob", repo, "It is broken", "")
			return err
		}, []string{"issues opened"}},
		{"label it", func() error { return s.AddLabel(ctx, "ann", issue, "kind/bug") }, []string{"issues labeled"}},
		{"label it again", func() error { return s.AddLabel(ctx, "ann", issue, "kind/bug") }, nil},
		{"close it", func() error { return s.CloseIssue(ctx, "ann", issue) }, []string{"issues closed"}},
		{"reopen it", func() error { return s.ReopenIssue(ctx, "ann", issue) }, []string{"issues reopened"}},
		{"open a pull from a fork", func() (err error) {
			pull, err = s.OpenPull(ctx, repo, githubtest.PullOptions{
				As: "bob", Title: "T", Draft: true, Commit: githubtest.Commit{Files: map[string]string{"a": "1"}},
			})
			return err
		}, []string{"pull_request opened"}},
		{"comment", func() (err error) {
			comment, err = s.Comment("ann", pull, "/ok-to-test")
			return err
		}, []string{"issue_comment created"}},
		{"edit the comment", func() error { return s.EditComment("ann", repo, comment.ID, "/lgtm") }, []string{"issue_comment edited"}},
		{"delete the comment", func() error { return s.DeleteComment("ann", repo, comment.ID) }, []string{"issue_comment deleted"}},
		{"label the pull", func() error { return s.AddLabel(ctx, "ann", pull, "ok-to-test") }, []string{"pull_request labeled"}},
		{"unlabel the pull", func() error { return s.RemoveLabel(ctx, "ann", pull, "OK-to-test") }, []string{"pull_request unlabeled"}},
		{"push to the fork", func() error {
			_, err := s.PushPull(ctx, "bob", pull, githubtest.Commit{Files: map[string]string{"a": "2"}})
			return err
		}, []string{"pull_request synchronize"}},
		{"ready", func() error { return s.SetDraft(ctx, "bob", pull, false) }, []string{"pull_request ready_for_review"}},
		{"draft", func() error { return s.SetDraft(ctx, "bob", pull, true) }, []string{"pull_request converted_to_draft"}},
		{"not a draft", func() error { return s.SetDraft(ctx, "bob", pull, false) }, []string{"pull_request ready_for_review"}},
		{"review", func() error { return s.Review(ctx, "ann", pull, "APPROVED", "") }, []string{"pull_request_review submitted"}},
		{"comment on a line", func() error { return s.ReviewComment("ann", pull, "a", "why?") }, []string{"pull_request_review submitted", "pull_request_review_comment created"}},
		{"edit the pull", func() error { return s.EditIssue(ctx, "bob", pull, githubtest.Edit{Title: &title}) }, []string{"pull_request edited"}},
		{"status", func() error {
			return s.CreateStatus(ctx, "ann", repo, s.Head(repo, "main"), github.Status{Context: "unit", State: "pending"})
		}, []string{"status"}},
		{"close the pull", func() error { return s.CloseIssue(ctx, "ann", pull) }, []string{"pull_request closed"}},
		{"reopen the pull", func() error { return s.ReopenIssue(ctx, "ann", pull) }, []string{"pull_request reopened"}},
		{"merge", func() error {
			_, err := s.MergePull(ctx, "ann", pull, "merge")
			return err
		}, []string{"push", "pull_request closed"}},
		{"push a branch", func() error {
			_, err := s.Push(ctx, "ann", repo, githubtest.Commit{Branch: "topic", Files: map[string]string{"b": "1"}})
			return err
		}, []string{"push"}},
		{"force a branch", func() error {
			_, err := s.Push(ctx, "ann", repo, githubtest.Commit{Branch: "topic", Force: true, Files: map[string]string{"b": "2"}})
			return err
		}, []string{"push"}},
		{"delete a branch", func() error { return s.DeleteBranch(ctx, "ann", repo, "topic") }, []string{"push"}},
		{"elsewhere", func() error {
			_, err := s.Push(ctx, "bob", github.Repo{Org: "bob", Name: "repo"}, githubtest.Commit{Files: map[string]string{"c": "1"}})
			return err
		}, nil},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		drain(t, s)
		got, _ := r.take()
		diff(t, step.what, got, step.want)
	}
}

func TestPushWebhook(t *testing.T) {
	s := start(t)
	r := listen(t, s)
	dir := t.TempDir()
	must[string](t)(git(t, dir, "clone", "--quiet", authorized(s, "ann"), "."))
	must[string](t)(git(t, dir, "mv", "README.md", "READYOU.md"))
	must[string](t)(git(t, dir, "commit", "--quiet", "-m", "Rename"))
	must[string](t)(git(t, dir, "commit", "--quiet", "--allow-empty", "-m", "Nothing"))
	drain(t, s)
	r.take()
	must[string](t)(git(t, dir, "push", "--quiet", "origin", "HEAD:main", "HEAD:refs/heads/v2", "HEAD:refs/tags/v2"))
	drain(t, s)
	got, bodies := r.take()
	diff(t, "webhooks", got, []string{"push", "push", "push"})
	type commit struct {
		Message                  any
		Added, Removed, Modified []any
	}
	type push struct {
		Ref, Created, Forced any
		Commits              []commit
	}
	var pushes []push
	for _, b := range bodies {
		p := push{Ref: b["ref"], Created: b["created"], Forced: b["forced"]}
		for _, c := range b["commits"].([]any) {
			m := c.(map[string]any)
			p.Commits = append(p.Commits, commit{m["message"], m["added"].([]any), m["removed"].([]any), m["modified"].([]any)})
		}
		pushes = append(pushes, p)
	}
	diff(t, "pushes", pushes, []push{
		{"refs/heads/main", false, false, []commit{
			{"Rename", []any{"READYOU.md"}, []any{"README.md"}, []any{}}, {"Nothing", []any{}, []any{}, []any{}},
		}},
		{"refs/heads/v2", true, false, nil},
		{"refs/tags/v2", true, false, nil},
	})
}

// TestMergedByPush pushes a pull's head to its base, which GitHub takes as a merge.
func TestMergedByPush(t *testing.T) {
	s := start(t)
	pull := must[github.Issue](t)(s.OpenPull(t.Context(), repo, githubtest.PullOptions{
		As: "ann", Title: "T", Branch: "topic", Commit: githubtest.Commit{Files: map[string]string{"a": "1"}},
	}))
	r := listen(t, s)
	dir := t.TempDir()
	must[string](t)(git(t, dir, "clone", "--quiet", authorized(s, "ann"), "."))
	must[string](t)(git(t, dir, "push", "--quiet", "origin", "origin/topic:main"))
	drain(t, s)
	got, bodies := r.take()
	diff(t, "webhooks", got, []string{"ping", "push", "pull_request closed"})
	if merged := bodies[2]["pull_request"].(map[string]any)["merged"]; merged != true {
		t.Errorf("merged = %v", merged)
	}
	if p := must[*github.Pull](t)(s.Pull(t.Context(), pull)); !p.Merged || p.State != "closed" {
		t.Errorf("pull = %+v", p)
	}
}

func TestDeliveries(t *testing.T) {
	s := start(t)
	r := listen(t, s)
	issue := must[github.Issue](t)(s.OpenIssue(t.Context(), "bob", repo, "T", ""))
	drain(t, s)
	r.take()
	r.mu.Lock()
	r.status = 503
	r.mu.Unlock()
	must[github.Comment](t)(s.Comment("bob", issue, "hello"))
	drain(t, s)
	all := s.Deliveries()
	last := all[len(all)-1]
	if last.OK() || last.Event != "issue_comment" || last.Attempts[0].Status != 503 || last.Attempts[0].Body != "thanks" {
		t.Errorf("delivery = %+v", last)
	}
	r.mu.Lock()
	r.status = 200
	r.mu.Unlock()
	check(t, s.Redeliver(last.GUID))
	drain(t, s)
	got, bodies := r.take()
	diff(t, "webhooks", got, []string{"issue_comment created", "issue_comment created"})
	diff(t, "the same again", bodies[1], bodies[0])
	all = s.Deliveries()
	if last = all[len(all)-1]; !last.OK() || len(last.Attempts) != 2 || !last.Attempts[1].Redelivery {
		t.Errorf("delivery = %+v", last.Attempts)
	}
	if err := s.Redeliver("none"); err == nil {
		t.Error("redelivered what was never sent")
	}
}

// TestClientGone asks for a change and does not wait for it: it is done all the
// same, and told.
func TestClientGone(t *testing.T) {
	s := start(t)
	pull := must[github.Issue](t)(s.OpenPull(t.Context(), repo, githubtest.PullOptions{
		As: "bob", Title: "T", Commit: githubtest.Commit{Files: map[string]string{"a": "1"}},
	}))
	must[string](t)(s.Push(t.Context(), "ann", repo, githubtest.Commit{Files: map[string]string{"b": "1"}})) // so that git is needed
	r := listen(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/repos/org/repo/issues/1/labels", strings.NewReader(`{"labels":["x"]}`))
	req.Header.Set("Authorization", "token "+s.Token("ann"))
	s.ServeHTTP(httptest.NewRecorder(), req)
	drain(t, s)
	got, _ := r.take()
	diff(t, "webhooks", got, []string{"ping", "pull_request labeled"})
	diff(t, "labels", s.Labels(pull), github.Labels{"x"})
}

// TestManyAtOnce lets many people comment at the same time: every comment has
// its webhook, in the order of the comments.
func TestManyAtOnce(t *testing.T) {
	s := start(t)
	r := listen(t, s)
	issue := must[github.Issue](t)(s.OpenIssue(t.Context(), "bob", repo, "T", ""))
	var people sync.WaitGroup
	for i := range 10 {
		people.Go(func() {
			for range 50 {
				if _, err := s.Comment(fmt.Sprintf("user%d", i), issue, "/test all"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	people.Wait()
	drain(t, s)
	_, bodies := r.take()
	var got, want []float64
	for _, b := range bodies {
		if c, ok := b["comment"].(map[string]any); ok {
			got = append(got, c["id"].(float64))
		}
	}
	for _, c := range s.Comments(issue) {
		want = append(want, float64(c.ID))
	}
	if len(got) != 500 {
		t.Errorf("%d webhooks, want 500", len(got))
	}
	diff(t, "order", got, want)
}

// TestInvalidIsReported makes sure that Start's checks can fail.
func TestInvalidIsReported(t *testing.T) {
	var found []string
	s := githubtest.Start(t, githubtest.Options{
		Dir:       filepath.Join(t.TempDir(), "repos"),
		OnInvalid: func(err error) { found = append(found, err.Error()) },
	})
	check(t, s.CreateRepo(t.Context(), repo, githubtest.RepoOptions{}))
	s.AddOwner("org", "ann")
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/repos/org/repo", ""},
		{"GET", "/unheard/of", ""},
		{"PATCH", "/repos/org/repo/issues/1", `{"state":"shut"}`},
	} {
		req := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), r.method, s.URL()+r.path, strings.NewReader(r.body)))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "token "+s.Token("ann"))
		resp := must[*http.Response](t)(http.DefaultClient.Do(req))
		check(t, resp.Body.Close())
	}
	if len(found) != 2 || !strings.Contains(found[0], "GET /unheard/of: unknown operation") || !strings.Contains(found[1], "request: at /state") {
		t.Errorf("found %q", found)
	}
}
