// SPDX-License-Identifier: Apache-2.0

package forgepage

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

// A browser sees the pull request, and what people write stays text.
func TestPages(t *testing.T) {
	forge, err := githubtest.New(githubtest.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(forge.Close)
	var gh *github.Client
	handler, err := New(func() *github.Client { return gh }, forge)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	forge.SetURL(server.URL)
	starting := get(t, server.URL+"/org/repo", "text/html")
	starting.Body.Close()
	if starting.StatusCode != http.StatusServiceUnavailable || starting.Header.Get("Refresh") == "" {
		t.Errorf("before there is a client, a page answers %s", starting.Status)
	}
	if gh, err = github.New(t.Context(), github.Options{Endpoint: server.URL, Host: server.URL}); err != nil {
		t.Fatal(err)
	}
	repo := github.Repo{Org: "org", Name: "repo"}
	if err := forge.CreateRepo(t.Context(), repo, githubtest.RepoOptions{Files: map[string]string{"a": "a"}}); err != nil {
		t.Fatal(err)
	}
	pull, err := forge.OpenPull(t.Context(), repo, githubtest.PullOptions{As: "ann", Title: "Mend it", Branch: "b", Commit: githubtest.Commit{Message: "m", Files: map[string]string{"a": "b"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := forge.Comment("bob", pull, "<script>alert(1)</script>"); err != nil {
		t.Fatal(err)
	}
	for path, wants := range map[string][]string{
		"/org/repo":        {"#1 Mend it", `href="/org/repo/pull/1"`},
		"/org/repo/pull/1": {"Mend it", "ann wants to merge", "bob", "&lt;script&gt;"},
	} {
		response := get(t, server.URL+path, "text/html,application/xhtml+xml")
		body := new(strings.Builder)
		if err := response.Write(body); err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		for _, want := range wants {
			if !strings.Contains(body.String(), want) {
				t.Errorf("%s does not hold %q:\n%s", path, want, body)
			}
		}
		if strings.Contains(body.String(), "<script>") {
			t.Errorf("%s holds what somebody wrote as HTML", path)
		}
	}
	response := get(t, server.URL+"/repos/org/repo/pulls/1", "application/vnd.github+json")
	response.Body.Close()
	if got := response.Header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
		t.Errorf("the API answers %s", got)
	}
}

func get(t *testing.T, url, accept string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}
