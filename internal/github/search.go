// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"strings"

	gogithub "github.com/google/go-github/v88/github"
)

// SearchIssues returns the issues and pulls that GitHub's search finds, 1,000 at
// most. The org is whose installation of the app asks.
func (c *Client) SearchIssues(ctx context.Context, org, query string) ([]IssueDetails, error) {
	var all []IssueDetails
	o := &gogithub.SearchOptions{ListOptions: gogithub.ListOptions{PerPage: perPage}}
	for {
		page, resp, err := c.gh.Search.Issues(withOrg(ctx, org), query, o)
		if err != nil {
			return nil, wrap(err, "searching issues by %q", query)
		}
		for _, i := range page.Issues {
			all = append(all, *toIssueDetails(repoOfURL(i.GetRepositoryURL()), i))
		}
		if resp.NextPage == 0 {
			return all, nil
		}
		o.Page = resp.NextPage
	}
}

// CountIssues returns how many issues and pulls GitHub's search finds.
func (c *Client) CountIssues(ctx context.Context, org, query string) (int, error) {
	page, _, err := c.gh.Search.Issues(withOrg(ctx, org), query, &gogithub.SearchOptions{ListOptions: gogithub.ListOptions{PerPage: 1}})
	if err != nil {
		return 0, wrap(err, "counting issues by %q", query)
	}
	return page.GetTotal(), nil
}

// repoOfURL reads the API's URL of a repository, .../repos/org/name.
func repoOfURL(u string) Repo {
	_, path, _ := strings.Cut(u, "/repos/")
	org, name, _ := strings.Cut(path, "/")
	return Repo{Org: org, Name: name}
}

// Query asks GitHub's GraphQL API; q and variables are as in package githubv4.
// The org is whose installation of the app asks.
func (c *Client) Query(ctx context.Context, org string, q any, variables map[string]any) error {
	return wrap(c.graphQL.Query(idempotent(withOrg(ctx, org)), q, variables), "querying GitHub about %s", org)
}
