// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"

	gogithub "github.com/google/go-github/v88/github"
)

// Issue returns the issue, or the pull seen as an issue.
func (c *Client) Issue(ctx context.Context, issue Issue) (*IssueDetails, error) {
	i, _, err := c.gh.Issues.Get(expected(ctx), issue.Org, issue.Repo, issue.Number)
	if err != nil {
		return nil, wrap(err, "reading issue %v", issue)
	}
	return toIssueDetails(issue.Repository(), i), nil
}

// CloseIssue closes the issue or pull.
func (c *Client) CloseIssue(ctx context.Context, issue Issue) error {
	return c.setIssueState(ctx, issue, "closed")
}

// ReopenIssue opens the issue or pull again.
func (c *Client) ReopenIssue(ctx context.Context, issue Issue) error {
	return c.setIssueState(ctx, issue, "open")
}

func (c *Client) setIssueState(ctx context.Context, issue Issue, state string) error {
	_, _, err := c.gh.Issues.Edit(ctx, issue.Org, issue.Repo, issue.Number, &gogithub.IssueRequest{State: &state})
	return wrap(err, "making issue %v %s", issue, state)
}

func toIssueDetails(repo Repo, i *gogithub.Issue) *IssueDetails {
	return &IssueDetails{
		Org: repo.Org, Repo: repo.Name, Number: i.GetNumber(),
		Title: i.GetTitle(), Body: i.GetBody(), State: i.GetState(), HTMLURL: i.GetHTMLURL(),
		Author: toUser(i.GetUser()), Assignees: toUsers(i.Assignees), Labels: toLabels(i.Labels),
		IsPull: i.PullRequestLinks != nil, CreatedAt: i.GetCreatedAt().Time, UpdatedAt: i.GetUpdatedAt().Time,
	}
}
