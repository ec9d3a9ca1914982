// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"

	gogithub "github.com/google/go-github/v88/github"
)

// Reviews returns the reviews of the pull, oldest first.
func (c *Client) Reviews(ctx context.Context, pull Issue) ([]Review, error) {
	var all []Review
	o := &gogithub.ListOptions{PerPage: perPage}
	for r, err := range c.gh.PullRequests.ListReviewsIter(expected(ctx), pull.Org, pull.Repo, pull.Number, o) {
		if err != nil {
			return nil, wrap(err, "reading reviews of %v", pull)
		}
		all = append(all, Review{
			ID: r.GetID(), Author: toUser(r.GetUser()), Body: r.GetBody(), State: r.GetState(),
			CommitSHA: r.GetCommitID(), HTMLURL: r.GetHTMLURL(), SubmittedAt: r.GetSubmittedAt().Time,
		})
	}
	return all, nil
}

// ReviewComments returns the comments on lines of the pull, oldest first.
func (c *Client) ReviewComments(ctx context.Context, pull Issue) ([]ReviewComment, error) {
	var all []ReviewComment
	o := &gogithub.PullRequestListCommentsOptions{ListOptions: gogithub.ListOptions{PerPage: perPage}}
	for r, err := range c.gh.PullRequests.ListCommentsIter(expected(ctx), pull.Org, pull.Repo, pull.Number, o) {
		if err != nil {
			return nil, wrap(err, "reading review comments of %v", pull)
		}
		all = append(all, ReviewComment{
			ID: r.GetID(), ReviewID: r.GetPullRequestReviewID(), Author: toUser(r.GetUser()), Body: r.GetBody(),
			Path: r.GetPath(), HTMLURL: r.GetHTMLURL(), CreatedAt: r.GetCreatedAt().Time, UpdatedAt: r.GetUpdatedAt().Time,
		})
	}
	return all, nil
}
