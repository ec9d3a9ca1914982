// SPDX-License-Identifier: Apache-2.0

package github

import "context"

// Repository returns what GitHub says of the repository.
func (c *Client) Repository(ctx context.Context, repo Repo) (*Repository, error) {
	r, _, err := c.gh.Repositories.Get(ctx, repo.Org, repo.Name)
	if err != nil {
		return nil, wrap(err, "reading repository %v", repo)
	}
	return &Repository{
		Repo:          Repo{Org: r.GetOwner().GetLogin(), Name: r.GetName()},
		DefaultBranch: r.GetDefaultBranch(), Private: r.GetPrivate(), Fork: r.GetFork(), Archived: r.GetArchived(),
		HTMLURL: r.GetHTMLURL(), CloneURL: r.GetCloneURL(),
	}, nil
}
