// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"

	gogithub "github.com/google/go-github/v88/github"
)

// AppOrgs returns the logins of the orgs and people that have installed the app
// that we are, those that have suspended it left out.
func (c *Client) AppOrgs(ctx context.Context) ([]string, error) {
	logins := []string{}
	for i, err := range c.gh.Apps.ListInstallationsIter(ctx, &gogithub.ListOptions{PerPage: perPage}) {
		if err != nil {
			return nil, wrap(err, "listing the app's installations")
		}
		if i.SuspendedAt == nil {
			logins = append(logins, i.GetAccount().GetLogin())
		}
	}
	return logins, nil
}
