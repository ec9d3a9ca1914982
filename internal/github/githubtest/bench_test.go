// SPDX-License-Identifier: Apache-2.0

package githubtest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

// serve starts a server without the checks, as the one-machine mode does, whose
// webhooks go to somebody who does nothing.
func serve(b *testing.B) (*githubtest.Server, github.Issue) {
	b.Helper()
	s, err := githubtest.New(githubtest.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	if err := s.CreateRepo(b.Context(), repo, githubtest.RepoOptions{}); err != nil {
		b.Fatal(err)
	}
	pull, err := s.OpenPull(b.Context(), repo, githubtest.PullOptions{
		As: "bob", Title: "T", Commit: githubtest.Commit{Files: map[string]string{"a": "b"}},
	})
	if err != nil {
		b.Fatal(err)
	}
	sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	b.Cleanup(sink.Close)
	if err := s.AddWebhook(githubtest.Webhook{URL: sink.URL, Secret: "s"}); err != nil {
		b.Fatal(err)
	}
	return s, pull
}

func BenchmarkComment(b *testing.B) {
	s, pull := serve(b)
	for b.Loop() {
		if _, err := s.Comment("bob", pull, "/test all"); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Drain(b.Context()); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkStatus(b *testing.B) {
	s, _ := serve(b)
	sha := s.Head(repo, "main")
	i := 0
	for b.Loop() {
		i++
		st := github.Status{Context: fmt.Sprint("job ", i), State: github.StatusPending}
		if err := s.CreateStatus(b.Context(), "bob", repo, sha, st); err != nil {
			b.Fatal(err)
		}
	}
}
