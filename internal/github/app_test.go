// SPDX-License-Identifier: Apache-2.0

package github_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

func TestApp(t *testing.T) {
	s := world(t)
	other := github.Repo{Org: "other", Name: "repo"}
	for _, r := range []github.Repo{other, {Org: "third", Name: "repo"}} {
		if err := s.CreateRepo(t.Context(), r, githubtest.RepoOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(t.TempDir(), "key.pem")
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)}
	if err := os.WriteFile(key, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	s.AddApp(githubtest.App{ID: 42, Slug: "cutwater", Key: &private.PublicKey, Orgs: []string{"org", "Other"}})
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
