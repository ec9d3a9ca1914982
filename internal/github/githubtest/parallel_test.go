// SPDX-License-Identifier: Apache-2.0

package githubtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

// TestEverythingAtOnce does through REST, git and the server's own methods what
// its users do at the same time; the race detector looks on.
func TestEverythingAtOnce(t *testing.T) {
	s := start(t)
	listen(t, s)
	pull := must[github.Issue](t)(s.OpenPull(t.Context(), repo, githubtest.PullOptions{
		As: "bob", Title: "T", Commit: githubtest.Commit{Files: map[string]string{"a": "1"}},
	}))
	dir, head := t.TempDir(), s.Head(repo, "main")
	must[string](t)(git(t, dir, "clone", "--quiet", authorized(s, "ann"), "."))
	send := func(method, path, body string) error {
		req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+"/repos/org/repo/"+path, strings.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "token "+s.Token("ann"))
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		if resp.StatusCode >= 400 {
			err = fmt.Errorf("%s %s: %s", method, path, resp.Status)
		}
		_ = resp.Body.Close()
		return err
	}
	const times = 5
	var everybody sync.WaitGroup
	for what, do := range map[string]func(i int) error{
		"comment": func(int) error { return send("POST", "issues/1/comments", `{"body":"/hold"}`) },
		"label":   func(i int) error { return send("POST", "issues/1/labels", fmt.Sprintf(`{"labels":["l%d"]}`, i)) },
		"status": func(i int) error {
			return send("POST", "statuses/"+head, fmt.Sprintf(`{"state":"success","context":"c%d"}`, i))
		},
		"read":    func(int) error { return send("GET", "pulls/1", "") },
		"inspect": func(int) error { s.Requests(); s.Deliveries(); s.Comments(pull); return nil },
		"advance": func(i int) error {
			_, err := s.PushPull(t.Context(), "bob", pull, githubtest.Commit{Files: map[string]string{"a": fmt.Sprint(i)}})
			return err
		},
		"push": func(i int) error {
			_, err := git(t, dir, "push", "--quiet", "origin", fmt.Sprintf("HEAD:refs/heads/b%d", i))
			return err
		},
		"fetch": func(i int) error {
			_, err := git(t, dir, "ls-remote", "--quiet", "origin")
			return err
		},
	} {
		everybody.Go(func() {
			for i := range times {
				if err := do(i); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
	}
	everybody.Wait()
	drain(t, s)
	diff(t, "comments", len(s.Comments(pull)), times)
	diff(t, "labels", len(s.Labels(pull)), times)
	diff(t, "contexts", len(s.CombinedStatus(repo, head).Statuses), times)
	for i := range times {
		diff(t, "branch", s.Head(repo, fmt.Sprintf("b%d", i)), head)
	}
	for _, d := range s.Deliveries() {
		if !d.OK() {
			t.Errorf("%s %s was not taken: %+v", d.Event, d.Action, d.Attempts)
		}
	}
}
