// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"strings"
	"time"

	gogithub "github.com/google/go-github/v88/github"
)

// Comments returns the issue's comments, oldest first.
func (c *Client) Comments(ctx context.Context, issue Issue) ([]Comment, error) {
	return c.commentsSince(ctx, issue, time.Time{})
}

// commentsSince returns the comments made or edited since then.
func (c *Client) commentsSince(ctx context.Context, issue Issue, since time.Time) ([]Comment, error) {
	o := &gogithub.IssueListCommentsOptions{ListOptions: gogithub.ListOptions{PerPage: perPage}}
	if !since.IsZero() {
		o.Since = &since
	}
	var all []Comment
	for comment, err := range c.gh.Issues.ListCommentsIter(expected(ctx), issue.Org, issue.Repo, issue.Number, o) {
		if err != nil {
			return nil, wrap(err, "reading comments of %v", issue)
		}
		all = append(all, toComment(comment))
	}
	return all, nil
}

// CreateComment comments on the issue or pull.
func (c *Client) CreateComment(ctx context.Context, issue Issue, body string) (Comment, error) {
	comment, _, err := c.gh.Issues.CreateComment(expected(ctx), issue.Org, issue.Repo, issue.Number, &gogithub.IssueComment{Body: &body})
	if err != nil {
		return Comment{}, wrap(err, "commenting on %v", issue)
	}
	return toComment(comment), nil
}

// CreateCommentOnce comments on the issue unless we have made the very same
// comment since then, so that a handler may be run again. Since is by GitHub's
// clock: the time of the comment or change that is being answered.
func (c *Client) CreateCommentOnce(ctx context.Context, issue Issue, body string, since time.Time) error {
	bot, err := c.BotUser(ctx)
	if err != nil {
		return err
	}
	comments, err := c.commentsSince(ctx, issue, since)
	if err != nil {
		return err
	}
	for _, comment := range comments {
		if strings.EqualFold(comment.Author.Login, bot.Login) && sameText(comment.Body, body) && !comment.CreatedAt.Before(since.Truncate(time.Second)) {
			return nil
		}
	}
	_, err = c.CreateComment(ctx, issue, body)
	return err
}

// sameText compares as GitHub stores: line ends and outer space may differ.
func sameText(a, b string) bool {
	normal := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
	return normal(a) == normal(b)
}

// EditComment replaces the comment's text.
func (c *Client) EditComment(ctx context.Context, repo Repo, id int64, body string) error {
	_, _, err := c.gh.Issues.EditComment(ctx, repo.Org, repo.Name, id, &gogithub.IssueComment{Body: &body})
	return wrap(err, "editing comment %d of %v", id, repo)
}

// DeleteComment deletes the comment. That it is already gone is no error.
func (c *Client) DeleteComment(ctx context.Context, repo Repo, id int64) error {
	_, err := c.gh.Issues.DeleteComment(ctx, repo.Org, repo.Name, id)
	err = wrap(err, "deleting comment %d of %v", id, repo)
	if IsNotFound(err) {
		return nil
	}
	return err
}

func toComment(c *gogithub.IssueComment) Comment {
	return Comment{
		ID: c.GetID(), Body: c.GetBody(), HTMLURL: c.GetHTMLURL(), Author: toUser(c.GetUser()),
		CreatedAt: c.GetCreatedAt().Time, UpdatedAt: c.GetUpdatedAt().Time,
	}
}
