// SPDX-License-Identifier: Apache-2.0

package forge_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/test/cluster/forge"
)

// People act, GitHub changes, and webhooks tell of it.
func TestControl(t *testing.T) {
	events := make(chan string, 100)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		signed := "signed"
		if r.Header.Get("X-Hub-Signature-256") == "" || len(body) == 0 {
			signed = "unsigned"
		}
		events <- r.Header.Get("X-GitHub-Event") + " " + signed
	}))
	defer hook.Close()
	server := githubtest.Start(t, githubtest.Options{})
	web := httptest.NewServer(forge.Handler(server, "secret"))
	defer web.Close()
	c := forge.Client{URL: web.URL, HTTP: web.Client()}
	ctx, repo := t.Context(), github.Repo{Org: "org", Name: "repo"}

	if err := c.CreateRepo(ctx, forge.Repo{Repo: repo, Files: map[string]string{"README": "hello"}, Members: []string{"ann"}}); err != nil {
		t.Fatal(err)
	}
	if err := c.CreateRepo(ctx, forge.Repo{Repo: repo}); err == nil || !strings.Contains(err.Error(), "repository org/repo already") {
		t.Errorf("got %v, want an error about a second repository of the name", err)
	}
	if err := c.AddWebhook(ctx, forge.Webhook{URL: hook.URL, Events: []string{"issue_comment"}}); err != nil {
		t.Fatal(err)
	}
	made, err := c.OpenPull(ctx, forge.Change{As: "bob", Repo: repo, Title: "A change", Branch: "a", Files: map[string]string{"README": "ahoy"}})
	if err != nil {
		t.Fatal(err)
	}
	pushed, err := c.Push(ctx, forge.Change{As: "bob", Repo: repo, Pull: made.Pull.Number, Files: map[string]string{"README": "hi"}})
	if err != nil {
		t.Fatal(err)
	}
	if comment, err := c.Comment(ctx, forge.Comment{As: "ann", Issue: made.Pull, Body: "/test all"}); err != nil || comment.Body != "/test all" {
		t.Fatalf("got comment %+v, %v", comment, err)
	}
	pull, err := server.Pull(ctx, made.Pull)
	if err != nil {
		t.Fatal(err)
	}
	if made.SHA == pushed.SHA || pull.Head.SHA != pushed.SHA {
		t.Errorf("head: got %s after %s, want %s", pull.Head.SHA, made.SHA, pushed.SHA)
	}
	if pull.Author.Login != "bob" {
		t.Errorf("author: got %s, want bob", pull.Author.Login)
	}
	if merged, err := c.Push(ctx, forge.Change{As: "ann", Repo: repo, Branch: "main", Files: map[string]string{"x": "y"}}); err != nil || merged.SHA != server.Head(repo, "main") {
		t.Errorf("got %+v, %v; want the head of main, %s", merged, err, server.Head(repo, "main"))
	}

	if err := server.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	if ping, comment := <-events, <-events; ping != "ping signed" || comment != "issue_comment signed" {
		t.Errorf("got webhooks %q and %q, want a ping and a comment, signed", ping, comment)
	}
	deliveries, err := c.Deliveries(ctx)
	if err != nil || len(deliveries) != 2 || !deliveries[1].OK() || len(deliveries[1].Payload) != 0 {
		t.Fatalf("got deliveries %+v, %v; want the two, the last one answered, without payloads", deliveries, err)
	}
	if err := c.Redeliver(ctx, deliveries[1].GUID); err != nil {
		t.Fatal(err)
	}
	if again := <-events; again != "issue_comment signed" {
		t.Errorf("got %q again, want the comment", again)
	}
}

// While the forge refuses, people still act there, and programs are told so.
func TestRefuse(t *testing.T) {
	server := githubtest.Start(t, githubtest.Options{})
	web := httptest.NewServer(forge.Handler(server, "secret"))
	defer web.Close()
	c := forge.Client{URL: web.URL, HTTP: web.Client()}
	repo := github.Repo{Org: "org", Name: "repo"}
	if err := c.CreateRepo(t.Context(), forge.Repo{Repo: repo, Members: []string{"ann"}}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ refuse, want int }{{0, 200}, {401, 401}, {502, 502}, {0, 200}} {
		if err := c.Refuse(t.Context(), tc.refuse); err != nil {
			t.Fatal(err)
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, web.URL+"/repos/org/repo", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := web.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != tc.want {
			t.Errorf("refusing with %d: got %s, want %d", tc.refuse, response.Status, tc.want)
		}
	}
	if err := c.Refuse(t.Context(), 200); err == nil {
		t.Error("refusing with 200: got no error")
	}
}

func TestManifests(t *testing.T) {
	found, err := forge.Manifests(map[string]string{forge.Program: "dev.local/forge:1"})
	if err != nil || len(found) != 3 {
		t.Errorf("got %d objects, %v; want 3", len(found), err)
	}
	if _, err := forge.Manifests(nil); err == nil {
		t.Error("got manifests without an image")
	}
}
