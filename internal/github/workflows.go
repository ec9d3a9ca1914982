// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	gogithub "github.com/google/go-github/v88/github"
)

// WorkflowFilter says which workflow runs are wanted; empty fields want all.
type WorkflowFilter struct {
	HeadSHA string
	Branch  string
	Event   string // "pull_request", ...
	Status  string // a status or a conclusion, such as "action_required"
}

// WorkflowRuns returns the repository's runs that fit the filter, newest first.
func (c *Client) WorkflowRuns(ctx context.Context, repo Repo, filter WorkflowFilter) ([]WorkflowRun, error) {
	var all []WorkflowRun
	o := &gogithub.ListWorkflowRunsOptions{
		HeadSHA: filter.HeadSHA, Branch: filter.Branch, Event: filter.Event, Status: filter.Status,
		ListOptions: gogithub.ListOptions{PerPage: perPage},
	}
	for r, err := range c.gh.Actions.ListRepositoryWorkflowRunsIter(ctx, repo.Org, repo.Name, o) {
		if err != nil {
			return nil, wrap(err, "listing workflow runs of %v", repo)
		}
		all = append(all, WorkflowRun{
			ID: r.GetID(), Name: r.GetName(), HeadSHA: r.GetHeadSHA(), HeadBranch: r.GetHeadBranch(), Event: r.GetEvent(),
			Status: r.GetStatus(), Conclusion: r.GetConclusion(), HTMLURL: r.GetHTMLURL(),
		})
	}
	return all, nil
}

// RerunFailedJobs runs the failed jobs of a workflow run again.
func (c *Client) RerunFailedJobs(ctx context.Context, repo Repo, run int64) error {
	_, err := c.gh.Actions.RerunFailedJobsByID(ctx, repo.Org, repo.Name, run)
	return wrap(err, "running failed jobs of workflow run %d of %v again", run, repo)
}

// RerunWorkflow runs all of a workflow run again.
func (c *Client) RerunWorkflow(ctx context.Context, repo Repo, run int64) error {
	_, err := c.gh.Actions.RerunWorkflowByID(ctx, repo.Org, repo.Name, run)
	return wrap(err, "running workflow run %d of %v again", run, repo)
}

// ApproveWorkflowRun lets a workflow run of a pull from a fork start.
func (c *Client) ApproveWorkflowRun(ctx context.Context, repo Repo, run int64) error {
	// go-github has no method for it.
	path := fmt.Sprintf("repos/%s/%s/actions/runs/%d/approve", url.PathEscape(repo.Org), url.PathEscape(repo.Name), run)
	req, err := c.gh.NewRequest(ctx, http.MethodPost, path, nil)
	if err == nil {
		_, err = c.gh.Do(req, nil)
	}
	return wrap(err, "approving workflow run %d of %v", run, repo)
}
