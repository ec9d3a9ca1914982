// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"net/url"
	"strings"
)

// IsCollaborator reports whether the login has access to the repository, as its
// owner, a member, a collaborator from outside or through a team.
func (c *Client) IsCollaborator(ctx context.Context, repo Repo, login string) (bool, error) {
	if strings.EqualFold(repo.Org, login) {
		return true, nil
	}
	yes, _, err := c.gh.Repositories.IsCollaborator(ctx, repo.Org, repo.Name, url.PathEscape(login))
	return yes, wrap(err, "asking whether %s collaborates on %v", login, repo)
}

// Permission returns what the login may do in the repository: "admin", "write",
// "read" or "none".
func (c *Client) Permission(ctx context.Context, repo Repo, login string) (string, error) {
	level, _, err := c.gh.Repositories.GetPermissionLevel(ctx, repo.Org, repo.Name, url.PathEscape(login))
	if err != nil {
		return "", wrap(err, "reading what %s may do in %v", login, repo)
	}
	return level.GetPermission(), nil
}
