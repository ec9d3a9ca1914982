// SPDX-License-Identifier: Apache-2.0

package github

import (
	"time"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// wire is GitHub's JSON, as far as it is read. One struct serves all events, since
// the same thing has the same name in each.
type wire struct {
	Action      string       `json:"action"`
	Number      int          `json:"number"`
	Issue       wireIssue    `json:"issue"`
	PullRequest wirePull     `json:"pull_request"`
	Comment     wireComment  `json:"comment"`
	Review      wireReview   `json:"review"`
	Repository  wireRepo     `json:"repository"`
	Sender      wireUser     `json:"sender"`
	Label       wireLabel    `json:"label"`
	Changes     wireChanges  `json:"changes"`
	Ref         string       `json:"ref"`
	Before      string       `json:"before"`
	After       string       `json:"after"`
	Compare     string       `json:"compare"`
	Created     bool         `json:"created"`
	Deleted     bool         `json:"deleted"`
	Forced      bool         `json:"forced"`
	Commits     []wireCommit `json:"commits"`
	Pusher      wireUser     `json:"pusher"`
	ID          int64        `json:"id"`
	SHA         string       `json:"sha"`
	State       string       `json:"state"`
	Context     string       `json:"context"`
	Description string       `json:"description"`
	TargetURL   string       `json:"target_url"`
}

type wireUser struct {
	Login   string `json:"login"`
	Name    string `json:"name"` // in place of a login, in pushes
	Type    string `json:"type"`
	HTMLURL string `json:"html_url"`
	ID      int64  `json:"id"`
}

func (u wireUser) user() github.User {
	login := owner{u.Login, u.Name}.name()
	return github.User{Login: login, Type: u.Type, HTMLURL: u.HTMLURL, ID: u.ID}
}

func users(all []wireUser) []github.User {
	var out []github.User
	for _, u := range all {
		out = append(out, u.user())
	}
	return out
}

type wireRepo struct {
	Name          string   `json:"name"`
	Owner         wireUser `json:"owner"`
	HTMLURL       string   `json:"html_url"`
	DefaultBranch string   `json:"default_branch"`
	Private       bool     `json:"private"`
	Archived      bool     `json:"archived"`
}

func (r wireRepo) name() github.Repo {
	return github.Repo{Org: r.Owner.user().Login, Name: r.Name}
}

func (r wireRepo) repository() Repository {
	return Repository{
		Repo:          r.name(),
		HTMLURL:       r.HTMLURL,
		DefaultBranch: r.DefaultBranch,
		Private:       r.Private,
		Archived:      r.Archived,
	}
}

type wireLabel struct {
	Name string `json:"name"`
}

func labels(all []wireLabel) github.Labels {
	var out github.Labels
	for _, l := range all {
		out = append(out, l.Name)
	}
	return out
}

type wireMilestone struct {
	Title string `json:"title"`
}

type wireIssue struct {
	ID          int64         `json:"id"`
	NodeID      string        `json:"node_id"`
	Number      int           `json:"number"`
	Title       string        `json:"title"`
	Body        string        `json:"body"`
	State       string        `json:"state"`
	StateReason string        `json:"state_reason"`
	HTMLURL     string        `json:"html_url"`
	User        wireUser      `json:"user"`
	Labels      []wireLabel   `json:"labels"`
	Assignees   []wireUser    `json:"assignees"`
	Milestone   wireMilestone `json:"milestone"`
	PullRequest *struct{}     `json:"pull_request"` // there if the issue is a pull
	CreatedAt   time.Time     `json:"created_at"`
	UpdatedAt   time.Time     `json:"updated_at"`
}

func (i wireIssue) issue(repo github.Repo) Issue {
	return Issue{
		IssueDetails: github.IssueDetails{
			Org: repo.Org, Repo: repo.Name, Number: i.Number,
			Title: i.Title, Body: i.Body, State: i.State, HTMLURL: i.HTMLURL,
			Author:    i.User.user(),
			Assignees: users(i.Assignees),
			Labels:    labels(i.Labels),
			IsPull:    i.PullRequest != nil,
			CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt,
		},
		ID: i.ID, NodeID: i.NodeID, StateReason: i.StateReason, Milestone: i.Milestone.Title,
	}
}

type wireBranch struct {
	Ref  string   `json:"ref"`
	SHA  string   `json:"sha"`
	Repo wireRepo `json:"repo"`
}

func (b wireBranch) branch() github.Branch {
	return github.Branch{Ref: b.Ref, SHA: b.SHA, Repo: b.Repo.name(), RepoHTMLURL: b.Repo.HTMLURL}
}

type wirePull struct {
	ID                 int64         `json:"id"`
	NodeID             string        `json:"node_id"`
	Number             int           `json:"number"`
	Title              string        `json:"title"`
	Body               string        `json:"body"`
	State              string        `json:"state"`
	HTMLURL            string        `json:"html_url"`
	User               wireUser      `json:"user"`
	Draft              bool          `json:"draft"`
	Merged             bool          `json:"merged"`
	Mergeable          *bool         `json:"mergeable"`
	MergeCommitSHA     string        `json:"merge_commit_sha"`
	Labels             []wireLabel   `json:"labels"`
	Base               wireBranch    `json:"base"`
	Head               wireBranch    `json:"head"`
	Assignees          []wireUser    `json:"assignees"`
	RequestedReviewers []wireUser    `json:"requested_reviewers"`
	Milestone          wireMilestone `json:"milestone"`
	AuthorAssociation  string        `json:"author_association"`
	Commits            int           `json:"commits"`
	CreatedAt          time.Time     `json:"created_at"`
	UpdatedAt          time.Time     `json:"updated_at"`
}

// pull returns the pull of the repository that the webhook is about; its base names
// another one in GitHub's own examples, but the webhook's is where to act.
func (p wirePull) pull(repo github.Repo) Pull {
	return Pull{
		Pull: github.Pull{
			Org: repo.Org, Repo: repo.Name, Number: p.Number,
			Title: p.Title, Body: p.Body, State: p.State, HTMLURL: p.HTMLURL, NodeID: p.NodeID,
			Author: p.User.user(), Draft: p.Draft, Merged: p.Merged,
			Mergeable: p.Mergeable, MergeCommitSHA: p.MergeCommitSHA,
			Labels: labels(p.Labels),
			Base:   p.Base.branch(), Head: p.Head.branch(),
			CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
		},
		ID:                 p.ID,
		Assignees:          users(p.Assignees),
		RequestedReviewers: users(p.RequestedReviewers),
		Milestone:          p.Milestone.Title,
		AuthorAssociation:  p.AuthorAssociation,
		Commits:            p.Commits,
	}
}

type wireComment struct {
	ID        int64     `json:"id"`
	NodeID    string    `json:"node_id"`
	ReviewID  int64     `json:"pull_request_review_id"`
	Body      string    `json:"body"`
	Path      string    `json:"path"`
	HTMLURL   string    `json:"html_url"`
	User      wireUser  `json:"user"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func (c wireComment) comment() github.Comment {
	return github.Comment{
		ID: c.ID, Body: c.Body, HTMLURL: c.HTMLURL, Author: c.User.user(),
		CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
}

func (c wireComment) reviewComment() github.ReviewComment {
	return github.ReviewComment{
		ID: c.ID, ReviewID: c.ReviewID, Author: c.User.user(), Body: c.Body, Path: c.Path,
		HTMLURL: c.HTMLURL, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
}

type wireReview struct {
	ID          int64     `json:"id"`
	NodeID      string    `json:"node_id"`
	User        wireUser  `json:"user"`
	Body        string    `json:"body"`
	State       string    `json:"state"`
	CommitID    string    `json:"commit_id"`
	HTMLURL     string    `json:"html_url"`
	SubmittedAt time.Time `json:"submitted_at"`
}

func (r wireReview) review() github.Review {
	return github.Review{
		ID: r.ID, Author: r.User.user(), Body: r.Body, State: r.State, CommitSHA: r.CommitID,
		HTMLURL: r.HTMLURL, SubmittedAt: r.SubmittedAt,
	}
}

type wireChanges struct {
	Title struct {
		From string `json:"from"`
	} `json:"title"`
	Body struct {
		From string `json:"from"`
	} `json:"body"`
	Base struct {
		Ref struct {
			From string `json:"from"`
		} `json:"ref"`
		SHA struct {
			From string `json:"from"`
		} `json:"sha"`
	} `json:"base"`
}

func (c wireChanges) changes() Changes {
	return Changes{Title: c.Title.From, Body: c.Body.From, BaseRef: c.Base.Ref.From, BaseSHA: c.Base.SHA.From}
}

type wireCommit struct {
	ID       string   `json:"id"`
	Message  string   `json:"message"`
	Added    []string `json:"added"`
	Removed  []string `json:"removed"`
	Modified []string `json:"modified"`
}
