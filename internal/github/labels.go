// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"net/http"
	"net/url"

	gogithub "github.com/google/go-github/v88/github"
)

// Labels returns the labels of the issue or pull.
func (c *Client) Labels(ctx context.Context, issue Issue) (Labels, error) {
	var all Labels
	o := &gogithub.ListOptions{PerPage: perPage}
	for label, err := range c.gh.Issues.ListLabelsByIssueIter(expected(ctx), issue.Org, issue.Repo, issue.Number, o) {
		if err != nil {
			return nil, wrap(err, "reading labels of %v", issue)
		}
		all = append(all, label.GetName())
	}
	return all, nil
}

// RepoLabels returns the labels that the repository has.
func (c *Client) RepoLabels(ctx context.Context, repo Repo) (Labels, error) {
	var all Labels
	for label, err := range c.gh.Issues.ListLabelsIter(ctx, repo.Org, repo.Name, &gogithub.ListOptions{PerPage: perPage}) {
		if err != nil {
			return nil, wrap(err, "reading labels of %v", repo)
		}
		all = append(all, label.GetName())
	}
	return all, nil
}

// AddLabel sets the label; that the issue already has it is no error. GitHub
// creates labels that the repository does not have.
func (c *Client) AddLabel(ctx context.Context, issue Issue, label string) error {
	_, _, err := c.gh.Issues.AddLabelsToIssue(idempotent(expected(ctx)), issue.Org, issue.Repo, issue.Number, []string{label})
	return wrap(err, "adding label %q to %v", label, issue)
}

// RemoveLabel takes the label away; that the issue does not have it is no error.
func (c *Client) RemoveLabel(ctx context.Context, issue Issue, label string) error {
	_, err := c.gh.Issues.RemoveLabelForIssue(ctx, issue.Org, issue.Repo, issue.Number, url.PathEscape(label))
	err = wrap(err, "removing label %q from %v", label, issue)
	if is(err, func(e *Error) bool { return e.Status == http.StatusNotFound && e.says("Label does not exist") }) {
		return nil
	}
	return err
}
