// SPDX-License-Identifier: Apache-2.0

package github_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cutwater-ci/cutwater/internal/github"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

// goldenParts are the things that a webhook tells of, in Prow's names.
type goldenParts struct {
	Issue       goldenItem   `json:"issue"`
	PullRequest goldenItem   `json:"pull_request"`
	Comment     goldenText   `json:"comment"`
	Review      goldenText   `json:"review"`
	Repository  goldenRepo   `json:"repository"`
	Event       goldenPushed `json:"event"` // of a push
}

type goldenPushed struct {
	Repository goldenRepo `json:"repository"`
}

type goldenRepo struct {
	Name          string                 `json:"name"`
	Owner         struct{ Login string } `json:"owner"`
	HTMLURL       string                 `json:"html_url"`
	DefaultBranch string                 `json:"default_branch"`
	Private       bool                   `json:"private"`
	Archived      bool                   `json:"archived"`
}

// goldenItem is an issue or a pull.
type goldenItem struct {
	ID          int64                   `json:"id"`
	NodeID      string                  `json:"node_id"`
	Number      int                     `json:"number"`
	Title       string                  `json:"title"`
	Body        string                  `json:"body"`
	State       string                  `json:"state"`
	StateReason string                  `json:"state_reason"`
	HTMLURL     string                  `json:"html_url"`
	User        goldenUser              `json:"user"`
	Labels      []struct{ Name string } `json:"labels"`
	Assignees   []goldenUser            `json:"assignees"`
	Milestone   struct{ Title string }  `json:"milestone"`
	CreatedAt   time.Time               `json:"created_at"`
	UpdatedAt   time.Time               `json:"updated_at"`

	Merged             bool         `json:"merged"`
	Mergeable          *bool        `json:"mergeable"`
	MergeSHA           string       `json:"merge_commit_sha"`
	RequestedReviewers []goldenUser `json:"requested_reviewers"`
	AuthorAssociation  string       `json:"author_association"`
	Commits            int          `json:"commits"`
	Base               goldenBranch `json:"base"`
	Head               goldenBranch `json:"head"`
}

// goldenBranch is where a pull comes from or goes to.
type goldenBranch struct {
	Repo struct {
		Name    string                 `json:"name"`
		Owner   struct{ Login string } `json:"owner"`
		HTMLURL string                 `json:"html_url"`
	} `json:"repo"`
}

// goldenText is a comment or a review.
type goldenText struct {
	ID          int64      `json:"id"`
	NodeID      string     `json:"node_id"`
	Body        string     `json:"body"`
	Path        string     `json:"path"`
	HTMLURL     string     `json:"html_url"`
	User        goldenUser `json:"user"`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
	SubmittedAt time.Time  `json:"submitted_at"`
}

// compareParts is compare for all that one event has in common with others.
func (g goldenEvent) compareParts(t *testing.T, payload any) {
	for _, h := range g.Handled {
		if h.Handler == "generic_comment" {
			continue
		}
		var want goldenParts
		if err := json.Unmarshal(h.Event, &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, partsOf(payload), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("parts (-want +got):\n%s", diff)
		}
	}
}

func partsOf(payload any) goldenParts {
	var parts goldenParts
	switch p := payload.(type) {
	case *webhook.IssuesEvent:
		parts = goldenParts{Repository: repoOf(p.Repo), Issue: issueOf(p.Issue)}
	case *webhook.IssueCommentEvent:
		parts = goldenParts{Repository: repoOf(p.Repo), Issue: issueOf(p.Issue), Comment: commentOf(p.Comment)}
	case *webhook.PullRequestEvent:
		parts = goldenParts{Repository: repoOf(p.Repo), PullRequest: pullOf(p.Pull)}
	case *webhook.ReviewEvent:
		r := p.Review
		parts = goldenParts{Repository: repoOf(p.Repo), PullRequest: pullOf(p.Pull), Review: goldenText{
			ID: r.ID, NodeID: p.NodeID, Body: r.Body, HTMLURL: r.HTMLURL, User: goldenUser(r.Author), SubmittedAt: r.SubmittedAt,
		}}
	case *webhook.ReviewCommentEvent:
		c := p.Comment
		parts = goldenParts{Repository: repoOf(p.Repo), PullRequest: pullOf(p.Pull), Comment: goldenText{
			ID: c.ID, NodeID: p.NodeID, Body: c.Body, Path: c.Path, HTMLURL: c.HTMLURL, User: goldenUser(c.Author),
			CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
		}}
	case *webhook.PushEvent:
		parts.Event.Repository = repoOf(p.Repo)
	case *webhook.StatusEvent:
		parts.Repository = repoOf(p.Repo)
	}
	return parts
}

func repoOf(r webhook.Repository) goldenRepo {
	g := goldenRepo{Name: r.Name, HTMLURL: r.HTMLURL, DefaultBranch: r.DefaultBranch, Private: r.Private, Archived: r.Archived}
	g.Owner.Login = r.Org
	return g
}

func issueOf(i webhook.Issue) goldenItem {
	g := goldenItem{
		ID: i.ID, NodeID: i.NodeID, Number: i.Number, Title: i.Title, Body: i.Body, State: i.State, StateReason: i.StateReason,
		HTMLURL: i.HTMLURL, User: goldenUser(i.Author), Assignees: goldenUsers(i.Assignees),
		CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt,
	}
	g.addLabels(i.Labels)
	g.Milestone.Title = i.Milestone
	return g
}

func pullOf(p webhook.Pull) goldenItem {
	g := goldenItem{
		ID: p.ID, NodeID: p.NodeID, Number: p.Number, Title: p.Title, Body: p.Body, State: p.State,
		HTMLURL: p.HTMLURL, User: goldenUser(p.Author), Assignees: goldenUsers(p.Assignees),
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
		Merged: p.Merged, Mergeable: p.Mergeable, MergeSHA: p.MergeCommitSHA, Commits: p.Commits,
		RequestedReviewers: goldenUsers(p.RequestedReviewers), AuthorAssociation: p.AuthorAssociation,
	}
	g.addLabels(p.Labels)
	g.Milestone.Title = p.Milestone
	for got, b := range map[*goldenBranch]github.Branch{&g.Base: p.Base, &g.Head: p.Head} {
		got.Repo.Name, got.Repo.Owner.Login, got.Repo.HTMLURL = b.Repo.Name, b.Repo.Org, b.RepoHTMLURL
	}
	return g
}

func commentOf(c github.Comment) goldenText {
	return goldenText{
		ID: c.ID, Body: c.Body, HTMLURL: c.HTMLURL, User: goldenUser(c.Author), CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
}

func (g *goldenItem) addLabels(labels github.Labels) {
	for _, l := range labels {
		g.Labels = append(g.Labels, struct{ Name string }{l})
	}
}

func goldenUsers(all []github.User) []goldenUser {
	var out []goldenUser
	for _, u := range all {
		out = append(out, goldenUser(u))
	}
	return out
}
