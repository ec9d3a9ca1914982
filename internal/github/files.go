// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"

	gogithub "github.com/google/go-github/v88/github"
)

// PullFiles returns the files that the pull changes; GitHub lists 3,000 at most.
func (c *Client) PullFiles(ctx context.Context, pull Issue) ([]File, error) {
	var all []File
	o := &gogithub.ListOptions{PerPage: perPage}
	for f, err := range c.gh.PullRequests.ListFilesIter(expected(ctx), pull.Org, pull.Repo, pull.Number, o) {
		if err != nil {
			return nil, wrap(err, "reading files of %v", pull)
		}
		all = append(all, File{
			Name: f.GetFilename(), PreviousName: f.GetPreviousFilename(), Status: f.GetStatus(),
			Patch: f.GetPatch(), Additions: f.GetAdditions(), Deletions: f.GetDeletions(),
		})
	}
	return all, nil
}
