// SPDX-License-Identifier: Apache-2.0

package github_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

// appKey makes a key of an app, and a file of its private half.
func appKey(t *testing.T) (file string, public *rsa.PublicKey) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "key.pem")
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, &private.PublicKey
}

func TestApp(t *testing.T) {
	s := world(t)
	other := github.Repo{Org: "other", Name: "repo"}
	for _, r := range []github.Repo{other, {Org: "third", Name: "repo"}} {
		if err := s.CreateRepo(t.Context(), r, githubtest.RepoOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	key, public := appKey(t)
	s.AddApp(githubtest.App{ID: 42, Slug: "cutwater", Key: public, Orgs: []string{"org", "Other"}})
	c := must[*github.Client](t)(github.New(t.Context(), github.Options{Endpoint: s.URL(), AppID: 42, AppKeyFile: key}))
	ctx := t.Context()

	name := openPull(t, s)
	var everybody sync.WaitGroup
	for range 8 { // all ask for the same tokens at once
		everybody.Go(func() {
			for _, r := range []github.Repo{repo, other} {
				if _, err := c.Repository(ctx, r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	everybody.Wait()
	diff(t, "bot", must[github.User](t)(c.BotUser(ctx)).Login, "cutwater[bot]")
	comment := must[github.Comment](t)(c.CreateComment(ctx, name, "hello"))
	if comment.Author.Login != "cutwater[bot]" || comment.Author.Type != "Bot" {
		t.Errorf("comment by %+v", comment.Author)
	}
	if err := c.CreateCommentOnce(ctx, name, "hello", comment.CreatedAt); err != nil || len(s.Comments(name)) != 1 {
		t.Errorf("%d comments, %v", len(s.Comments(name)), err)
	}
	if n := must[int](t)(c.CountIssues(ctx, "org", "is:pr org:org")); n != 1 {
		t.Errorf("found %d pulls", n)
	}
	if token := must[string](t)(c.Token(ctx, "ORG")); !strings.HasPrefix(token, "ghs_") {
		t.Errorf("git's token is %q", token)
	}
	if _, err := c.Repository(ctx, github.Repo{Org: "third", Name: "repo"}); err == nil || !strings.Contains(err.Error(), "not installed in third") {
		t.Errorf("without an installation: %v", err)
	}
	tokens := 0
	for _, r := range s.Requests() {
		if strings.HasSuffix(r.Path, "/access_tokens") {
			tokens++
		}
	}
	if tokens != 2 {
		t.Errorf("asked for %d tokens, want one for each of two orgs", tokens)
	}
	if err := os.WriteFile(key, slices.Concat([]byte("not a key\n"), make([]byte, 10)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := github.New(ctx, github.Options{AppID: 42, AppKeyFile: key}); err == nil {
		t.Error("took a key that is none")
	}
}

// While GitHub does not tell where the app is installed, the orgs that are known
// go on, and nobody waits longer than he wants to.
func TestAppAsksInPeace(t *testing.T) {
	s := world(t)
	key, public := appKey(t)
	s.AddApp(githubtest.App{ID: 42, Slug: "cutwater", Key: public, Orgs: []string{"org"}})
	silent := false
	transport := roundTrip(func(req *http.Request) (*http.Response, error) {
		if req.URL.Path == "/app/installations" && silent {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}
		return inMemory{s}.RoundTrip(req)
	})
	synctest.Test(t, func(t *testing.T) {
		c := must[*github.Client](t)(github.New(t.Context(), github.Options{
			Endpoint: s.URL(), AppID: 42, AppKeyFile: key, Transport: transport, Retry: github.Retry{Attempts: 1},
		}))
		must[*github.Repository](t)(c.Repository(t.Context(), repo))
		<-time.After(2 * time.Minute) // then it is asked again
		silent = true
		unknown := github.Repo{Org: "third", Name: "repo"}
		var asking sync.WaitGroup
		asking.Go(func() {
			if _, err := c.Repository(t.Context(), unknown); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("while GitHub is silent: %v", err)
			}
		})
		synctest.Wait()
		begin := time.Now()
		must[*github.Repository](t)(c.Repository(t.Context(), repo))
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("an org that is known waited %v for another", waited)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Repository(ctx, unknown); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Second {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		asking.Wait()
		begin = time.Now()
		if _, err := c.Token(t.Context(), "third"); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 30*time.Second {
			t.Errorf("a token for git after %v: %v", time.Since(begin), err)
		}
	})
}

// An app that was installed anew, or whose repository has another name, is found.
func TestAppMoves(t *testing.T) {
	s := world(t)
	key, public := appKey(t)
	app := githubtest.App{ID: 42, Slug: "cutwater", Key: public, Orgs: []string{"org", "other"}}
	s.AddApp(app)
	transport := roundTrip(func(req *http.Request) (*http.Response, error) {
		switch req.URL.Path {
		case "/repos/org/old":
			header := http.Header{"Location": {s.URL() + "/repositories/7"}}
			return &http.Response{StatusCode: http.StatusMovedPermanently, Header: header, Body: http.NoBody, Request: req}, nil
		case "/repositories/7":
			req = req.Clone(req.Context())
			req.URL.Path = "/repos/org/repo"
		}
		return http.DefaultTransport.RoundTrip(req)
	})
	c := must[*github.Client](t)(github.New(t.Context(), github.Options{Endpoint: s.URL(), AppID: 42, AppKeyFile: key, Transport: transport}))
	s.Requests()
	moved := must[*github.Repository](t)(c.Repository(t.Context(), github.Repo{Org: "org", Name: "old"}))
	diff(t, "repository", moved.Repo, repo)
	requests := s.Requests()
	diff(t, "who read it", requests[len(requests)-1].Login, "cutwater[bot]")

	s.AddApp(app) // its installations have other numbers now
	if _, err := c.Token(t.Context(), "other"); err == nil {
		t.Error("the old installation still gives tokens")
	}
	must[string](t)(c.Token(t.Context(), "other"))
}
