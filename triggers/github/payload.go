// SPDX-License-Identifier: Apache-2.0

package github

import (
	"time"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// Names of the events that plugins are given; X-GitHub-Event holds them.
const (
	Issues                   = "issues"
	IssueComment             = "issue_comment"
	PullRequest              = "pull_request"
	PullRequestReview        = "pull_request_review"
	PullRequestReviewComment = "pull_request_review_comment"
	Push                     = "push"
	Status                   = "status"
)

// Repository is where an event happened.
type Repository struct {
	github.Repo
	HTMLURL       string
	DefaultBranch string
	Private       bool
	Archived      bool
}

// Pull is a pull request, with what only webhooks tell.
type Pull struct {
	github.Pull
	ID                 int64
	Assignees          []github.User
	RequestedReviewers []github.User
	Milestone          string
	AuthorAssociation  string
	Commits            int
}

// Issue is an issue, or a pull seen as one.
type Issue struct {
	github.IssueDetails
	ID          int64
	NodeID      string
	StateReason string
	Milestone   string
}

// IssuesEvent is about an issue as a whole.
type IssuesEvent struct {
	GUID, Action string
	Repo         Repository
	Issue        Issue
	Label        string // that was set or taken off
	Sender       github.User
}

// IssueCommentEvent is about a comment on an issue or pull.
type IssueCommentEvent struct {
	GUID, Action string
	Repo         Repository
	Issue        Issue
	Comment      github.Comment
	Sender       github.User
}

// PullRequestEvent is about a pull as a whole.
type PullRequestEvent struct {
	GUID, Action string
	Repo         Repository
	Number       int
	Pull         Pull
	Label        string // that was set or taken off
	Changes      Changes
	Sender       github.User
}

// Changes say what an edited pull was like before; what has not changed is empty.
type Changes struct {
	Title, Body      string
	BaseRef, BaseSHA string
}

// ReviewEvent is about a review of a pull.
type ReviewEvent struct {
	GUID, Action string
	Repo         Repository
	Pull         Pull
	Review       github.Review
	NodeID       string // of the review
	Sender       github.User
}

// ReviewCommentEvent is about a comment on a line of a pull.
type ReviewCommentEvent struct {
	GUID, Action string
	Repo         Repository
	Pull         Pull
	Comment      github.ReviewComment
	NodeID       string // of the comment
	Sender       github.User
}

// PushEvent says that a branch or tag has moved.
type PushEvent struct {
	GUID                     string
	Repo                     Repository
	Ref                      string // "refs/heads/main"
	Before, After            string // SHAs; all zeros when there is none
	Compare                  string // URL of the difference
	Created, Deleted, Forced bool
	Commits                  []PushedCommit // GitHub sends 2,048 at most
	Pusher, Sender           github.User
}

// PushedCommit is a commit that came with a push.
type PushedCommit struct {
	ID, Message              string
	Added, Removed, Modified []string
}

// StatusEvent says that a commit has a new status.
type StatusEvent struct {
	GUID   string
	Repo   Repository
	ID     int64
	SHA    string
	Status github.Status
	Sender github.User
}

// GenericComment is text that somebody wrote on an issue or pull, wherever: as its
// description, a comment, a review or a comment on a line.
type GenericComment struct {
	GUID   string
	Action string // ActionCreated, ActionEdited or ActionDeleted
	Repo   Repository
	Number int
	IsPull bool

	ID        int64  // of the issue or pull, not its number; zero for reviews and their comments
	NodeID    string // of the review or review comment, if it is one, else of the issue or pull
	CommentID *int64 // nil unless it is a comment, on the issue or on a line
	Body      string
	HTMLURL   string
	Author    github.User // of this text
	CreatedAt time.Time   // when this text was written or, if so, edited

	IssueAuthor  github.User
	IssueTitle   string
	IssueBody    string
	IssueState   string
	IssueHTMLURL string
	Assignees    []github.User
}

// Actions of a GenericComment.
const (
	ActionCreated = "created"
	ActionEdited  = "edited"
	ActionDeleted = "deleted"
)

// Issue names the issue or pull that the comment is on.
func (c *GenericComment) Issue() github.Issue { return c.Repo.Issue(c.Number) }
