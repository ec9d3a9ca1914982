// SPDX-License-Identifier: Apache-2.0

package github_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

// inMemory sends requests to a handler without a network, so that time can be
// made to pass.
type inMemory struct{ handler http.Handler }

func (m inMemory) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if req.Body == nil {
		req.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	m.handler.ServeHTTP(recorder, req)
	resp := recorder.Result()
	resp.Request = req
	return resp, nil
}

// trouble answers the first requests of a path as its list says, and counts all.
type trouble struct {
	s     *githubtest.Server
	path  string
	first []func(http.ResponseWriter)
	seen  int
}

func (f *trouble) answer(w http.ResponseWriter, req *http.Request) bool {
	if req.URL.Path != f.path {
		return false
	}
	f.seen++
	if f.seen > len(f.first) {
		return false
	}
	f.first[f.seen-1](w)
	return true
}

func says(status int, body string, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestRetries(t *testing.T) {
	const secondary = `{"message":"You have exceeded a secondary rate limit","documentation_url":"https://docs.github.com/x"}`
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when a synctest bubble begins
	in := func(d time.Duration) string { return strconv.FormatInt(start.Add(d).Unix(), 10) }
	oops, gone := says(502, "<html>"), says(404, `{"message":"Not Found"}`)
	labels := func(ctx context.Context, c *github.Client) error {
		_, err := c.Labels(ctx, repo.Issue(1))
		return err
	}
	comment := func(ctx context.Context, c *github.Client) error {
		_, err := c.CreateComment(ctx, repo.Issue(1), "hi")
		return err
	}
	addLabel := func(ctx context.Context, c *github.Client) error { return c.AddLabel(ctx, repo.Issue(1), "x") }
	member := func(ctx context.Context, c *github.Client) error {
		_, err := c.IsMember(ctx, "org", "no-body")
		return err
	}
	const labelsPath, commentsPath = "/repos/org/repo/issues/1/labels", "/repos/org/repo/issues/1/comments"

	for _, tc := range []struct {
		name   string
		call   func(context.Context, *github.Client) error
		path   string
		first  []func(http.ResponseWriter)
		failed func(error) bool // nil: the call succeeds
		seen   int
		after  time.Duration
	}{
		{name: "nothing wrong", call: labels, path: labelsPath, seen: 1},
		{name: "a read is repeated", call: labels, path: labelsPath, first: list(oops, oops), seen: 3, after: 6 * time.Second},
		{
			name: "but not for ever", call: labels, path: labelsPath, first: list(oops, oops, oops, oops, oops, oops), seen: 5,
			after: 30 * time.Second, failed: func(err error) bool { return strings.Contains(err.Error(), "502") },
		},
		{
			name: "a comment is not repeated", call: comment, path: commentsPath, first: list(oops), seen: 1,
			failed: func(err error) bool { return strings.Contains(err.Error(), "502") },
		},
		{
			name: "the server says when", call: labels, path: labelsPath, first: list(says(503, "", "Retry-After", "20")), seen: 2,
			after: 21 * time.Second,
		},
		{
			name: "and that is too long", call: labels, path: labelsPath, first: list(says(503, "", "Retry-After", "600")), seen: 1,
			failed: func(err error) bool { return strings.Contains(err.Error(), "503") },
		},
		{name: "a label may be set twice", call: addLabel, path: labelsPath, first: list(oops), seen: 2, after: 2 * time.Second},
		{name: "replicas lag", call: labels, path: labelsPath, first: list(gone), seen: 2, after: 2 * time.Second},
		{name: "gone is gone", call: labels, path: labelsPath, first: list(gone, gone, gone, gone), seen: 3, after: 6 * time.Second, failed: github.IsNotFound},
		{name: "no member is an answer", call: member, path: "/orgs/org/members/no-body", seen: 1},
		{
			name: "retry after", call: comment, path: commentsPath, seen: 2, after: 8 * time.Second,
			first: list(says(403, secondary, "Retry-After", "7")),
		},
		{name: "secondary limit without a time", call: comment, path: commentsPath, seen: 2, after: time.Minute, first: list(says(403, secondary))},
		{name: "too many requests", call: comment, path: commentsPath, seen: 2, after: time.Minute, first: list(says(429, "{}"))},
		{
			name: "primary limit", call: comment, path: commentsPath, seen: 2, after: 91 * time.Second,
			first: list(says(403, `{"message":"API rate limit exceeded"}`, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", in(90*time.Second))),
		},
		{
			name: "a limit too long to wait for", call: comment, path: commentsPath, seen: 1, failed: github.IsRateLimited,
			first: list(says(403, `{"message":"API rate limit exceeded"}`, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", in(time.Hour))),
		},
		{
			name: "forbidden is not a limit", call: comment, path: commentsPath, seen: 1, failed: github.IsForbidden,
			first: list(says(403, `{"message":"no"}`, "X-RateLimit-Remaining", "4000")),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := githubtest.Start(t, githubtest.Options{})
			if err := s.CreateRepo(t.Context(), repo, githubtest.RepoOptions{}); err != nil {
				t.Fatal(err)
			}
			s.AddOwner("org", "ci-robot")
			if _, err := s.OpenIssue(t.Context(), "ci-robot", repo, "T", ""); err != nil {
				t.Fatal(err)
			}
			bad := &trouble{s: s, path: tc.path, first: tc.first}
			s.Intercept(bad.answer)
			c := clientAs(t, s, "ci-robot", func(o *github.Options) { o.Transport, o.Retry = inMemory{s}, github.Retry{} })
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				err := tc.call(t.Context(), c)
				switch {
				case tc.failed == nil && err != nil:
					t.Errorf("failed: %v", err)
				case tc.failed != nil && (err == nil || !tc.failed(err)):
					t.Errorf("unexpected error: %v", err)
				}
				if bad.seen != tc.seen || time.Since(begin) != tc.after {
					t.Errorf("sent %d times within %v, want %d within %v", bad.seen, time.Since(begin), tc.seen, tc.after)
				}
			})
		})
	}
}

func list[T any](v ...T) []T { return v }

func TestLimitKeepsOthersBack(t *testing.T) {
	s := world(t)
	name := openPull(t, s)
	limited := &trouble{s: s, path: "/repos/org/repo/issues/1/labels", first: list(says(403, `{}`, "Retry-After", "3600"))}
	s.Intercept(limited.answer)
	// Even the last attempt tells the others.
	c := clientAs(t, s, "ci-robot", func(o *github.Options) { o.Transport, o.Retry = inMemory{s}, github.Retry{Attempts: 1} })
	s.Requests()
	synctest.Test(t, func(t *testing.T) {
		for range 3 {
			if _, err := c.Labels(t.Context(), name); !github.IsRateLimited(err) {
				t.Errorf("labels: %v", err)
			}
		}
		// A token's limit is one for all orgs, and searches have their own.
		if _, err := c.Repository(t.Context(), github.Repo{Org: "other", Name: "repo"}); !github.IsRateLimited(err) {
			t.Errorf("another org: %v", err)
		}
		if _, err := c.CountIssues(t.Context(), "org", "is:pr"); err != nil {
			t.Errorf("a search: %v", err)
		}
		if sent := len(s.Requests()); sent != 2 {
			t.Errorf("%d requests were sent, want the refused one and the search", sent)
		}
		if limited.seen != 1 {
			t.Errorf("%d requests during the limit, want 1", limited.seen)
		}
		<-time.After(time.Hour) // the bubble's time
		if _, err := c.Labels(t.Context(), name); err != nil {
			t.Errorf("after the limit: %v", err)
		}
	})
}

func TestRequestsEnd(t *testing.T) {
	silent := roundTrip(func(req *http.Request) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	})
	synctest.Test(t, func(t *testing.T) {
		c := must[*github.Client](t)(github.New(t.Context(), github.Options{Transport: silent, Timeout: 10 * time.Second, Retry: github.Retry{Attempts: 2}}))
		begin := time.Now()
		if _, err := c.Labels(t.Context(), repo.Issue(1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("no answer: %v", err)
		}
		if took := time.Since(begin); took != 22*time.Second {
			t.Errorf("gave up after %v, want two times 10 s and a pause of 2 s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Labels(ctx, repo.Issue(1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the caller gave up: %v", err)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestConnectionRefused(t *testing.T) {
	s := world(t)
	name := openPull(t, s)
	var dials atomic.Int32
	flaky := roundTrip(func(req *http.Request) (*http.Response, error) {
		if dials.Add(1) < 3 {
			return nil, &netError{}
		}
		return http.DefaultTransport.RoundTrip(req)
	})
	c := clientAs(t, s, "ci-robot", func(o *github.Options) { o.Transport = flaky })
	if _, err := c.CreateComment(t.Context(), name, "hi"); err == nil || dials.Load() != 1 {
		t.Errorf("a comment whose connection broke was sent %d times: %v", dials.Load(), err)
	}
	dials.Store(0)
	if _, err := c.Labels(t.Context(), name); err != nil || dials.Load() != 3 {
		t.Errorf("labels were read %d times: %v", dials.Load(), err)
	}
}

type netError struct{}

func (*netError) Error() string { return syscall.ECONNRESET.Error() }

func TestETags(t *testing.T) {
	s := world(t)
	name := openPull(t, s)
	var full, unchanged int
	counting := roundTrip(func(req *http.Request) (*http.Response, error) {
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err == nil && resp.StatusCode == http.StatusNotModified {
			unchanged++
		} else {
			full++
		}
		return resp, err
	})
	c := clientAs(t, s, "ci-robot", func(o *github.Options) { o.Transport = counting })
	for range 3 {
		diff(t, "labels", must[github.Labels](t)(c.Labels(t.Context(), name)), github.Labels(nil))
	}
	if full != 1 || unchanged != 2 {
		t.Errorf("%d full answers and %d unchanged, want 1 and 2", full, unchanged)
	}
	if err := s.AddLabel(t.Context(), "ann", name, "x"); err != nil {
		t.Fatal(err)
	}
	diff(t, "labels after a change", must[github.Labels](t)(c.Labels(t.Context(), name)), github.Labels{"x"})
	// Files too large for the cache come whole every time, and right.
	for range 2 {
		if got := must[[]byte](t)(c.Contents(t.Context(), repo, "big.txt", "main")); len(got) != 17<<17 {
			t.Errorf("the big file has %d bytes", len(got))
		}
	}
}

// TestETagsTakeBoundedMemory has room for seven small answers.
func TestETagsTakeBoundedMemory(t *testing.T) {
	s := world(t)
	const issues = 10
	for range issues {
		must[github.Issue](t)(s.OpenIssue(t.Context(), "ann", repo, "T", ""))
	}
	var statuses []int
	noting := roundTrip(func(req *http.Request) (*http.Response, error) {
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err == nil {
			statuses = append(statuses, resp.StatusCode)
		}
		return resp, err
	})
	c := clientAs(t, s, "ci-robot", func(o *github.Options) { o.Transport, o.CacheBytes = noting, 16<<10 })
	read := func(number int) { must[github.Labels](t)(c.Labels(t.Context(), repo.Issue(number))) }
	for i := range issues {
		read(i + 1)
	}
	statuses = nil
	read(issues) // is still there
	read(1)      // has made room
	read(1)      // and is there again
	diff(t, "statuses", statuses, []int{http.StatusNotModified, http.StatusOK, http.StatusNotModified})
}

func TestDryRun(t *testing.T) {
	s := world(t)
	name := openPull(t, s)
	before := must[github.Comment](t)(s.Comment("ann", name, "one"))
	queried := 0
	graphQL := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		queried++
		_, _ = io.WriteString(w, `{"data":{"viewer":{"login":"ci-robot"}}}`)
	}))
	defer graphQL.Close()
	c := clientAs(t, s, "ci-robot", func(o *github.Options) { o.DryRun, o.GraphQLEndpoint = true, graphQL.URL+"/graphql" })
	ctx := t.Context()
	sha := s.Head(repo, "main")
	s.Requests()
	comment, err := c.CreateComment(ctx, name, "two")
	diff(t, "answer to a comment", comment.Body, "two")
	_, mergeErr := c.MergePull(ctx, name, github.Merge{})
	for what, err := range map[string]error{
		"comment": err, "edit": c.EditComment(ctx, repo, before.ID, "x"), "delete": c.DeleteComment(ctx, repo, before.ID),
		"label": c.AddLabel(ctx, name, "x"), "unlabel": c.RemoveLabel(ctx, name, "x"), "close": c.CloseIssue(ctx, name),
		"status": c.CreateStatus(ctx, repo, sha, github.Status{Context: "c", State: "success"}), "merge": mergeErr,
		"rerun": c.RerunFailedJobs(ctx, repo, 1), "approve": c.ApproveWorkflowRun(ctx, repo, 1),
		"once": c.CreateCommentOnce(ctx, name, "two", before.CreatedAt),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	diff(t, "comments", s.Comments(name), []github.Comment{before})
	requests := s.Requests()
	for _, r := range requests {
		if r.Method != http.MethodGet {
			t.Errorf("sent %s %s", r.Method, r.Path)
		}
	}
	if len(requests) == 0 {
		t.Error("reads were not sent")
	}
	var q struct{ Viewer struct{ Login string } }
	if err := c.Query(ctx, "org", &q, nil); err != nil || q.Viewer.Login != "ci-robot" || queried != 1 {
		t.Errorf("a query was sent %d times and gave %q, %v", queried, q.Viewer.Login, err)
	}
}
