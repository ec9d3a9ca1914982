// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"net/url"

	gogithub "github.com/google/go-github/v88/github"
)

// CombinedStatus returns the newest status of every context of a commit, named
// by SHA, branch or tag.
func (c *Client) CombinedStatus(ctx context.Context, repo Repo, ref string) (CombinedStatus, error) {
	var all CombinedStatus
	o := &gogithub.ListOptions{PerPage: perPage}
	for {
		page, resp, err := c.gh.Repositories.GetCombinedStatus(expected(ctx), repo.Org, repo.Name, ref, o)
		if err != nil {
			return CombinedStatus{}, wrap(err, "reading statuses of %v at %s", repo, ref)
		}
		all.SHA, all.State = page.GetSHA(), page.GetState()
		for _, s := range page.Statuses {
			all.Statuses = append(all.Statuses, Status{
				Context: s.GetContext(), State: s.GetState(), Description: s.GetDescription(), TargetURL: s.GetTargetURL(),
			})
		}
		if resp.NextPage == 0 {
			return all, nil
		}
		o.Page = resp.NextPage
	}
}

// CreateStatus sets the status of a context of a commit. Errors may match
// [IsTooManyStatuses], [IsNoCommit] or [IsNotFound].
func (c *Client) CreateStatus(ctx context.Context, repo Repo, sha string, s Status) error {
	// Setting the same status twice only lengthens its history.
	status := gogithub.RepoStatus{Context: &s.Context, State: &s.State}
	if s.Description != "" {
		status.Description = &s.Description
	}
	if s.TargetURL != "" { // GitHub rejects an empty one
		status.TargetURL = &s.TargetURL
	}
	_, _, err := c.gh.Repositories.CreateStatus(idempotent(expected(ctx)), repo.Org, repo.Name, url.PathEscape(sha), status)
	return wrap(err, "setting status %q of %v at %s", s.Context, repo, sha)
}
