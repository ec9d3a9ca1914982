// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"context"

	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/internal/github"
	triggers "github.com/cutwater-ci/cutwater/triggers/jobs"
)

// automatic returns the presubmits that run without being asked for.
func (p *pull) automatic(ctx context.Context) ([]jobs.Presubmit, error) {
	return p.selected(ctx, triggers.Automatic)
}

// chosenBy returns the presubmits that the comment asks for.
func (p *pull) chosenBy(ctx context.Context, body string, honourOKToTest bool) ([]jobs.Presubmit, error) {
	filter, err := triggers.CommentFilter(body, honourOKToTest, func() (triggers.Contexts, error) { return p.contexts(ctx) })
	if err != nil {
		return nil, err
	}
	return p.selected(ctx, filter)
}

func (p *pull) selected(ctx context.Context, filter triggers.Filter) ([]jobs.Presubmit, error) {
	all, err := p.jobs(ctx)
	if err != nil {
		return nil, err
	}
	details, err := p.get(ctx)
	if err != nil {
		return nil, err
	}
	return triggers.Select(all.presubmits, details.Base.Ref, p.changes(ctx), filter)
}

// contexts returns what has been reported on the pull's head.
func (p *pull) contexts(ctx context.Context) (triggers.Contexts, error) {
	details, err := p.get(ctx)
	if err != nil {
		return triggers.Contexts{}, err
	}
	combined, err := p.gh.CombinedStatus(ctx, p.repo(), details.Head.SHA)
	if err != nil {
		return triggers.Contexts{}, err
	}
	seen := triggers.Contexts{Failed: map[string]bool{}, All: map[string]bool{}}
	for _, s := range combined.Statuses {
		seen.All[s.Context] = true
		if s.State == github.StatusFailure || s.State == github.StatusError {
			seen.Failed[s.Context] = true
		}
	}
	return seen, nil
}
