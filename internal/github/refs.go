// SPDX-License-Identifier: Apache-2.0

package github

import "context"

// Ref returns the SHA that a ref such as "heads/main" or "tags/v1" points to.
func (c *Client) Ref(ctx context.Context, repo Repo, ref string) (string, error) {
	r, _, err := c.gh.Git.GetRef(expected(ctx), repo.Org, repo.Name, ref)
	if err != nil {
		return "", wrap(err, "reading ref %s of %v", ref, repo)
	}
	return r.GetObject().GetSHA(), nil
}
