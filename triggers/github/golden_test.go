// SPDX-License-Identifier: Apache-2.0

package github_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cutwater-ci/cutwater/internal/goldens"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

// goldenEvent is what Prow's hook made of one of GitHub's example webhooks.
type goldenEvent struct {
	Event     string `json:"event"`
	File      string `json:"file"`
	Signature string `json:"x_hub_signature_256"`
	Handled   []struct {
		Handler string          `json:"handler"`
		Event   json.RawMessage `json:"event"`
	} `json:"handled"`
}

const goldenGUID = "2f6cb1a0-5f5c-11ee-8c99-0242ac120002"

// goldenPayload holds what tells one event from another, in Prow's names.
type goldenPayload struct {
	Action string `json:"action"`
	Number int    `json:"number"`
	Label  struct {
		Name string `json:"name"`
	} `json:"label"`
	PullRequest struct {
		Base, Head struct{ Ref, SHA string }
		Draft      bool `json:"draft"`
	} `json:"pull_request"`
	Review struct {
		State string `json:"state"`
	} `json:"review"`
	Event struct { // of a push
		Ref, Before, After, Compare string
		Created, Deleted, Forced    bool
		Commits                     []struct {
			ID, Message              string
			Added, Removed, Modified []string
		}
	} `json:"event"`
	SHA     string `json:"sha"`
	State   string `json:"state"`
	Context string `json:"context"`
}

// compare holds our payload against what Prow gave to the event's own handler.
func (g goldenEvent) compare(t *testing.T, payload any) {
	var want, got goldenPayload
	for _, h := range g.Handled {
		if h.Handler == "generic_comment" {
			continue
		}
		if err := json.Unmarshal(h.Event, &want); err != nil {
			t.Fatal(err)
		}
	}
	pull := func(p webhook.Pull) {
		got.PullRequest.Base.Ref, got.PullRequest.Base.SHA = p.Base.Ref, p.Base.SHA
		got.PullRequest.Head.Ref, got.PullRequest.Head.SHA = p.Head.Ref, p.Head.SHA
		got.PullRequest.Draft = p.Draft
	}
	switch p := payload.(type) {
	case *webhook.IssuesEvent:
		got.Action, got.Label.Name = p.Action, p.Label
	case *webhook.IssueCommentEvent:
		got.Action = p.Action
	case *webhook.PullRequestEvent:
		got.Action, got.Number, got.Label.Name = p.Action, p.Number, p.Label
		pull(p.Pull)
	case *webhook.ReviewEvent:
		got.Action, got.Review.State = p.Action, p.Review.State
		pull(p.Pull)
	case *webhook.ReviewCommentEvent:
		got.Action = p.Action
		pull(p.Pull)
	case *webhook.PushEvent:
		e := &got.Event
		e.Ref, e.Before, e.After, e.Compare = p.Ref, p.Before, p.After, p.Compare
		e.Created, e.Deleted, e.Forced = p.Created, p.Deleted, p.Forced
		for _, c := range p.Commits {
			e.Commits = append(e.Commits, struct {
				ID, Message              string
				Added, Removed, Modified []string
			}(c))
		}
	case *webhook.StatusEvent:
		got.SHA, got.State, got.Context = p.SHA, p.Status.State, p.Status.Context
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
}

// goldenUser and goldenComment have Prow's names.
type goldenUser struct {
	Login   string `json:"login"`
	Type    string `json:"type"`
	HTMLURL string `json:"html_url"`
	ID      int64  `json:"id"`
}

type goldenComment struct {
	ID        int64  `json:"id"`
	NodeID    string `json:"node_id"`
	CommentID *int64
	IsPR      bool
	Action    string
	Body      string
	HTMLURL   string
	Number    int
	Repo      struct {
		FullName string `json:"full_name"`
		HTMLURL  string `json:"html_url"`
		Branch   string `json:"default_branch"`
	}
	User         goldenUser
	IssueAuthor  goldenUser
	Assignees    []goldenUser
	IssueState   string
	IssueTitle   string
	IssueBody    string
	IssueHTMLURL string
	GUID         string
}

// asGolden says our comment in Prow's words.
func asGolden(c *webhook.GenericComment) *goldenComment {
	if c == nil {
		return nil
	}
	g := &goldenComment{
		ID: c.ID, NodeID: c.NodeID, CommentID: c.CommentID, IsPR: c.IsPull, Action: c.Action,
		Body: c.Body, HTMLURL: c.HTMLURL, Number: c.Number,
		User: goldenUser(c.Author), IssueAuthor: goldenUser(c.IssueAuthor), Assignees: []goldenUser{},
		IssueState: c.IssueState, IssueTitle: c.IssueTitle, IssueBody: c.IssueBody,
		IssueHTMLURL: c.IssueHTMLURL, GUID: c.GUID,
	}
	g.Repo.FullName, g.Repo.HTMLURL, g.Repo.Branch = c.Repo.String(), c.Repo.HTMLURL, c.Repo.DefaultBranch
	for _, a := range c.Assignees {
		g.Assignees = append(g.Assignees, goldenUser(a))
	}
	return g
}

func TestGoldenEvents(t *testing.T) {
	dir := filepath.Join(goldens.Dir(t), "webhook-payloads")
	comments := 0
	goldens.Lines(t, filepath.Join(dir, "golden-events.jsonl.gz"), func(g goldenEvent) {
		t.Run(g.File, func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join(dir, g.File))
			if err != nil {
				t.Fatal(err)
			}
			if got := webhook.Sign(body, []byte("oracle-hmac")); got != g.Signature {
				t.Errorf("signature: got %s, want %s", got, g.Signature)
			}
			payload, err := webhook.Decode(g.Event, goldenGUID, body)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := payload != nil, len(g.Handled) > 0; got != want {
				t.Errorf("decodes to a payload: got %t, want %t", got, want)
			}
			want := g.comment(t)
			if want != nil {
				comments++
			}
			if diff := cmp.Diff(want, asGolden(webhook.Generic(payload))); diff != "" {
				t.Errorf("generic comment (-want +got):\n%s", diff)
			}
			g.compare(t, payload)
			g.compareParts(t, payload)
		})
	})
	if comments == 0 {
		t.Error("the goldens hold no generic comment")
	}
}

// comment returns the comment that Prow gave to its plugins, or nil.
func (g goldenEvent) comment(t *testing.T) *goldenComment {
	for _, h := range g.Handled {
		if h.Handler != "generic_comment" {
			continue
		}
		var c goldenComment
		if err := json.Unmarshal(h.Event, &c); err != nil {
			t.Fatal(err)
		}
		return &c
	}
	return nil
}
