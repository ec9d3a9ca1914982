// SPDX-License-Identifier: Apache-2.0

package forge

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

// Repo is a new repository.
type Repo struct {
	Repo  github.Repo
	Files map[string]string // the first commit, by path
	// Members belong to its organization, and may push.
	Members []string
}

// Change is a commit on a branch, by somebody.
type Change struct {
	As     string
	Repo   github.Repo
	Pull   int    // 0 for a new one, or for a push to Branch
	Branch string // of a new pull, or of the repository itself
	Title  string // of a new pull
	Files  map[string]string
}

// Comment is somebody's comment on a pull or issue.
type Comment struct {
	As    string
	Issue github.Issue
	Body  string
}

// Webhook is where events are sent; all repositories' when Org is empty.
type Webhook struct {
	URL, Org string
	Events   []string // all when empty
}

// Redelivery asks for a delivery to be sent again.
type Redelivery struct{ GUID string }

// Refusal has GitHub answer every request with a status, as 401 when it does not
// know a token any more; 0 ends that. Git is served on.
type Refusal struct{ Status int }

// Made is what came of a change.
type Made struct {
	Pull github.Issue
	SHA  string
}

// nothing is what there is to say when all went well.
type nothing struct{}

// control does what people do on GitHub's pages.
type control struct {
	server *githubtest.Server
	secret string // of webhooks
}

func (c control) createRepo(ctx context.Context, r Repo) (nothing, error) {
	if err := c.server.CreateRepo(ctx, r.Repo, githubtest.RepoOptions{Files: r.Files}); err != nil {
		return nothing{}, err
	}
	c.server.AddOwner(r.Repo.Org, Bot)
	for _, member := range r.Members {
		c.server.AddMember(r.Repo.Org, member)
		if err := c.server.AddCollaborator(r.Repo, member, "push"); err != nil {
			return nothing{}, err
		}
	}
	return nothing{}, nil
}

func (c control) addWebhook(_ context.Context, w Webhook) (nothing, error) {
	return nothing{}, c.server.AddWebhook(githubtest.Webhook{URL: w.URL, Secret: c.secret, Org: w.Org, Events: w.Events})
}

func (c control) openPull(ctx context.Context, change Change) (Made, error) {
	issue, err := c.server.OpenPull(ctx, change.Repo, githubtest.PullOptions{
		As: change.As, Title: change.Title, Branch: change.Branch,
		Commit: githubtest.Commit{Message: change.Title, Files: change.Files},
	})
	if err != nil {
		return Made{}, err
	}
	pull, err := c.server.Pull(ctx, issue)
	if err != nil {
		return Made{}, err
	}
	return Made{Pull: issue, SHA: pull.Head.SHA}, nil
}

func (c control) push(ctx context.Context, change Change) (Made, error) {
	commit := githubtest.Commit{Message: "Another change", Branch: change.Branch, Files: change.Files}
	if change.Pull == 0 {
		sha, err := c.server.Push(ctx, change.As, change.Repo, commit)
		return Made{SHA: sha}, err
	}
	pull := github.Issue{Org: change.Repo.Org, Repo: change.Repo.Name, Number: change.Pull}
	commit.Branch = ""
	sha, err := c.server.PushPull(ctx, change.As, pull, commit)
	return Made{Pull: pull, SHA: sha}, err
}

func (c control) comment(_ context.Context, comment Comment) (github.Comment, error) {
	return c.server.Comment(comment.As, comment.Issue, comment.Body)
}

func (c control) redeliver(_ context.Context, r Redelivery) (nothing, error) {
	return nothing{}, c.server.Redeliver(r.GUID)
}

func (c control) refuse(_ context.Context, r Refusal) (nothing, error) {
	if r.Status == 0 {
		c.server.Intercept(nil)
		return nothing{}, nil
	}
	if r.Status < 400 || r.Status > 599 {
		return nothing{}, fmt.Errorf("%d is no refusal", r.Status)
	}
	c.server.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(r.Status)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": http.StatusText(r.Status)}) // who does not listen is gone
		return true
	})
	return nothing{}, nil
}

// deliveries are what was sent, without payloads.
func (c control) deliveries(context.Context, nothing) ([]githubtest.Delivery, error) {
	all := c.server.Deliveries()
	for n := range all {
		all[n].Payload = nil
	}
	return all, nil
}
