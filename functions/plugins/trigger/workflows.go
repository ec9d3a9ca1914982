// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"context"

	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// workflows are GitHub's own jobs, GitHub Actions.
type workflows interface {
	WorkflowRuns(ctx context.Context, repo github.Repo, filter github.WorkflowFilter) ([]github.WorkflowRun, error)
	RerunFailedJobs(ctx context.Context, repo github.Repo, run int64) error
	ApproveWorkflowRun(ctx context.Context, repo github.Repo, run int64) error
}

// approveWorkflows lets the pull's GitHub Actions workflows start that wait for it.
func (t trigger) approveWorkflows(ctx context.Context, p *pull) error {
	return t.eachWorkflow(ctx, p, "action_required", t.gh.ApproveWorkflowRun)
}

// rerunWorkflows runs the pull's failed GitHub Actions workflows again.
func (t trigger) rerunWorkflows(ctx context.Context, p *pull) error {
	return t.eachWorkflow(ctx, p, "failure", t.gh.RerunFailedJobs)
}

// eachWorkflow acts on the runs of the pull's head in a state. A run that
// GitHub does not let be touched, as when it has been started meanwhile, is left alone.
func (t trigger) eachWorkflow(ctx context.Context, p *pull, state string, act func(context.Context, github.Repo, int64) error) error {
	details, err := p.get(ctx)
	if err != nil {
		return err
	}
	runs, err := t.gh.WorkflowRuns(ctx, p.repo(), github.WorkflowFilter{HeadSHA: details.Head.SHA, Event: "pull_request", Status: state})
	if github.IsForbidden(err) || github.IsNotFound(err) {
		return event.Permanent(err) // we have no right to see them
	}
	if err != nil {
		return err
	}
	for _, run := range runs {
		if err := act(ctx, p.repo(), run.ID); err != nil && !github.IsForbidden(err) && !github.IsNotFound(err) {
			return err
		}
	}
	return nil
}
