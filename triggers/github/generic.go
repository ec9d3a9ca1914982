// SPDX-License-Identifier: Apache-2.0

package github

import (
	"time"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// genericAction maps an action of any event to that of a GenericComment; "" is none.
func genericAction(action string) string {
	switch action {
	case "created", "opened", "submitted":
		return ActionCreated
	case "edited":
		return ActionEdited
	case "deleted", "dismissed":
		return ActionDeleted
	}
	return ""
}

// Generic returns the text that an event of Decode is about, or nil where it is about
// none.
func Generic(payload any) *GenericComment {
	switch p := payload.(type) {
	case *IssuesEvent:
		c := onIssue(p.GUID, p.Action, p.Repo, p.Issue)
		return describedBy(c, p.Issue.Author, p.Issue.CreatedAt, p.Issue.UpdatedAt)
	case *IssueCommentEvent:
		c := onIssue(p.GUID, p.Action, p.Repo, p.Issue)
		return writtenAs(c, &p.Comment)
	case *PullRequestEvent:
		c := onPull(p.GUID, p.Action, p.Repo, p.Pull)
		return describedBy(c, p.Pull.Author, p.Pull.CreatedAt, p.Pull.UpdatedAt)
	case *ReviewEvent:
		c := onPull(p.GUID, p.Action, p.Repo, p.Pull)
		return reviewedAs(c, p)
	case *ReviewCommentEvent:
		c := onPull(p.GUID, p.Action, p.Repo, p.Pull)
		return writtenOnLine(c, p)
	}
	return nil
}

// onIssue returns what a comment says of its issue, or nil if the action is none of
// a comment's.
func onIssue(guid, action string, repo Repository, i Issue) *GenericComment {
	if action = genericAction(action); action == "" {
		return nil
	}
	return &GenericComment{
		GUID: guid, Action: action, Repo: repo, Number: i.Number, IsPull: i.IsPull,
		ID: i.ID, NodeID: i.NodeID,
		IssueAuthor: i.Author, IssueTitle: i.Title, IssueBody: i.Body, IssueState: i.State,
		IssueHTMLURL: i.HTMLURL, Assignees: i.Assignees,
	}
}

// onPull is onIssue for a pull.
func onPull(guid, action string, repo Repository, p Pull) *GenericComment {
	if action = genericAction(action); action == "" {
		return nil
	}
	return &GenericComment{
		GUID: guid, Action: action, Repo: repo, Number: p.Number, IsPull: true,
		ID: p.ID, NodeID: p.NodeID,
		IssueAuthor: p.Author, IssueTitle: p.Title, IssueBody: p.Body, IssueState: p.State,
		IssueHTMLURL: p.HTMLURL, Assignees: p.Assignees,
	}
}

// describedBy makes the comment the description of its issue or pull.
func describedBy(c *GenericComment, author github.User, created, updated time.Time) *GenericComment {
	if c == nil {
		return nil
	}
	c.Body, c.HTMLURL, c.Author = c.IssueBody, c.IssueHTMLURL, author
	c.CreatedAt = writtenAt(c.Action, created, updated)
	return c
}

func writtenAs(c *GenericComment, comment *github.Comment) *GenericComment {
	if c == nil {
		return nil
	}
	c.CommentID = &comment.ID
	c.Body, c.HTMLURL, c.Author = comment.Body, comment.HTMLURL, comment.Author
	c.CreatedAt = writtenAt(c.Action, comment.CreatedAt, comment.UpdatedAt)
	return c
}

func reviewedAs(c *GenericComment, p *ReviewEvent) *GenericComment {
	if c == nil {
		return nil
	}
	c.ID, c.NodeID = 0, p.NodeID
	c.Body, c.HTMLURL, c.Author = p.Review.Body, p.Review.HTMLURL, p.Review.Author
	c.CreatedAt = p.Review.SubmittedAt
	return c
}

func writtenOnLine(c *GenericComment, p *ReviewCommentEvent) *GenericComment {
	if c == nil {
		return nil
	}
	c.ID, c.NodeID, c.CommentID = 0, p.NodeID, &p.Comment.ID
	c.Body, c.HTMLURL, c.Author = p.Comment.Body, p.Comment.HTMLURL, p.Comment.Author
	c.CreatedAt = writtenAt(c.Action, p.Comment.CreatedAt, p.Comment.UpdatedAt)
	return c
}

func writtenAt(action string, created, updated time.Time) time.Time {
	if action == ActionCreated {
		return created
	}
	return updated
}
