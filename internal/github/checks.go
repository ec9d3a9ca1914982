// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"

	gogithub "github.com/google/go-github/v88/github"
)

// CheckRuns returns the newest check runs of a commit, named by SHA, branch or tag.
func (c *Client) CheckRuns(ctx context.Context, repo Repo, ref string) ([]CheckRun, error) {
	var all []CheckRun
	o := &gogithub.ListCheckRunsOptions{ListOptions: gogithub.ListOptions{PerPage: perPage}}
	for run, err := range c.gh.Checks.ListCheckRunsForRefIter(expected(ctx), repo.Org, repo.Name, ref, o) {
		if err != nil {
			return nil, wrap(err, "reading check runs of %v at %s", repo, ref)
		}
		all = append(all, CheckRun{
			ID: run.GetID(), Name: run.GetName(), Status: run.GetStatus(), Conclusion: run.GetConclusion(),
			HeadSHA: run.GetHeadSHA(), HTMLURL: run.GetHTMLURL(), AppSlug: run.GetApp().GetSlug(),
		})
	}
	return all, nil
}
