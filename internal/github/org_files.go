// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"fmt"

	"github.com/shurcooL/githubv4"
)

// RepoFile says whether a repository has a file.
type RepoFile struct {
	// Repo is the repository.
	Repo Repo
	// Archived is whether it can no longer be changed.
	Archived bool
	// Exists is whether the file is there, on the default branch.
	Exists bool
}

// repositoryFiles is a page of an owner's repositories, each with one of its files, if it is there.
type repositoryFiles struct {
	RepositoryOwner *struct {
		Repositories struct {
			Nodes []struct {
				Name       string
				Owner      struct{ Login string }
				IsArchived bool
				Object     *struct{ ID string } `graphql:"object(expression: $file)"`
			}
			PageInfo struct {
				HasNextPage bool
				EndCursor   githubv4.String
			}
		} `graphql:"repositories(first: 100, after: $cursor, ownerAffiliations: [OWNER])"`
	} `graphql:"repositoryOwner(login: $org)"`
}

// OrgFiles says of each repository of the org whether it has the file, with a
// request for a hundred of them.
func (c *Client) OrgFiles(ctx context.Context, org, path string) ([]RepoFile, error) {
	var all []RepoFile
	variables := map[string]any{
		"org": githubv4.String(org), "file": githubv4.String("HEAD:" + path), "cursor": (*githubv4.String)(nil),
	}
	for {
		var q repositoryFiles
		if err := c.Query(ctx, org, &q, variables); err != nil {
			return nil, fmt.Errorf("looking for %s in the repositories of %s: %w", path, org, err)
		}
		if q.RepositoryOwner == nil {
			return nil, fmt.Errorf("looking for %s in the repositories of %s: there is no such org", path, org)
		}
		page := &q.RepositoryOwner.Repositories
		for _, r := range page.Nodes {
			all = append(all, RepoFile{Repo: Repo{Org: r.Owner.Login, Name: r.Name}, Archived: r.IsArchived, Exists: r.Object != nil})
		}
		if !page.PageInfo.HasNextPage {
			return all, nil
		}
		variables["cursor"] = &page.PageInfo.EndCursor
	}
}
