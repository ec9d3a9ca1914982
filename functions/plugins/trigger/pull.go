// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"context"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// pulls is what jobs on a pull are chosen and made by.
type pulls interface {
	Pull(ctx context.Context, pull github.Issue) (*github.Pull, error)
	PullFiles(ctx context.Context, pull github.Issue) ([]github.File, error)
	Ref(ctx context.Context, repo github.Repo, ref string) (sha string, err error)
	CombinedStatus(ctx context.Context, repo github.Repo, ref string) (github.CombinedStatus, error)
}

// pull is a pull for the time of one event. What it is asked for is fetched
// when first needed, and then kept.
type pull struct {
	trigger
	guid   string // of the delivery
	issue  github.Issue
	config *config.Config

	details *github.Pull
	baseSHA string
	known   *known
	files   []string
	listed  bool // whether files is known
	late    *bool
}

func (t trigger) pullOf(c plugin.Comment) *pull {
	return &pull{trigger: t, guid: c.GUID, issue: c.Issue(), config: c.Config}
}

func (t trigger) pullIn(e plugin.PullRequest) *pull {
	return &pull{trigger: t, guid: e.GUID, issue: e.Pull.Issue(), config: e.Config, details: &e.Pull.Pull}
}

func (p *pull) repo() github.Repo { return p.issue.Repository() }

// get returns what GitHub says of the pull.
func (p *pull) get(ctx context.Context) (*github.Pull, error) {
	if p.details == nil {
		details, err := p.gh.Pull(ctx, p.issue)
		if err != nil {
			return nil, err
		}
		p.details = details
	}
	return p.details, nil
}

// superseded reports whether the pull has changed since the event in what its
// runs depend on. Another event tells of that: runs for this one would be
// pointless and, as the later started, end those for the newer state; and to end
// what runs now would be wrong. So it is when an event is delivered late or again.
// A GitHub that does not yet know what the event tells proves nothing.
func (p *pull) superseded(ctx context.Context) (bool, error) {
	if p.late == nil {
		now, err := p.gh.Pull(ctx, p.issue)
		if err != nil {
			return false, err
		}
		then := p.details
		late := now.UpdatedAt.After(then.UpdatedAt) &&
			(now.Head.SHA != then.Head.SHA || now.Base.Ref != then.Base.Ref || now.State != then.State || now.Draft != then.Draft)
		p.late = &late
	}
	return *p.late, nil
}

// base returns the commit at the tip of the pull's base branch. It does not
// return the base that the pull itself tells, which GitHub does not move on.
func (p *pull) base(ctx context.Context) (string, error) {
	if p.baseSHA == "" {
		details, err := p.get(ctx)
		if err != nil {
			return "", err
		}
		if p.baseSHA, err = p.gh.Ref(ctx, p.repo(), "heads/"+details.Base.Ref); err != nil {
			return "", err
		}
	}
	return p.baseSHA, nil
}

// jobs returns the jobs of the repository with the pull merged into it.
func (p *pull) jobs(ctx context.Context) (known, error) {
	if p.known != nil {
		return *p.known, nil
	}
	all, err := p.knownIn(ctx, p.config, p.repo(), func() (string, []string, error) {
		details, err := p.get(ctx)
		if err != nil {
			return "", nil, err
		}
		base, err := p.base(ctx)
		return base, []string{details.Head.SHA}, err
	})
	if err != nil {
		return known{}, err
	}
	p.known = &all
	return all, nil
}

// changes returns the names of the files that the pull changes.
func (p *pull) changes(ctx context.Context) jobs.Changes {
	return func() ([]string, error) {
		if p.listed {
			return p.files, nil
		}
		files, err := p.gh.PullFiles(ctx, p.issue)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			p.files = append(p.files, f.Name)
		}
		p.listed = true
		return p.files, nil
	}
}
