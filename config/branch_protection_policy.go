// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"

	"github.com/cutwater-ci/cutwater/config/jobs"
)

// Org is what is said for an org, with what it inherits.
func (b *BranchProtection) Org(name string) OrgProtection {
	org := b.Orgs[name]
	org.Policy = b.over(org.Policy)
	return org
}

// Repo is what is said for a repository of the org, with what it inherits.
func (o OrgProtection) Repo(name string) RepoProtection {
	repo := o.Repos[name]
	repo.Policy = o.over(repo.Policy)
	return repo
}

// Branch is what is said for a branch of the repository, with what it inherits.
// The error is that a branch that is named says neither protect nor unmanaged.
func (r RepoProtection) Branch(name string) (Policy, error) {
	own, named := r.Branches[name]
	if !named {
		return r.Policy, nil
	}
	policy := r.over(own)
	if policy.Protect == nil && !isTrue(policy.Unmanaged) {
		return Policy{}, fmt.Errorf("branch %s must set protect or unmanaged: true", name)
	}
	return policy, nil
}

// ProtectionFor is how a branch is to be protected, given its presubmits; nil
// when that is not for us to say, as for all branches of orgs that are not named.
func (c *Config) ProtectionFor(org, repo, branch string, presubmits []jobs.Presubmit) (*Policy, error) {
	if _, named := c.BranchProtection.Orgs[org]; !named {
		return nil, nil
	}
	policy, err := c.BranchProtection.Org(org).Repo(repo).Branch(branch)
	if err == nil {
		policy, err = c.BranchProtection.WithJobs(policy, branch, presubmits)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("protection of %s/%s@%s: %w", org, repo, branch, err)
	case !policy.saysSomething():
		return nil, nil
	}
	return &policy, nil
}

// WithJobs is the policy of a branch with what its presubmits require; the zero
// value when that is not for us to say. The error is that the branch shall not
// be protected although something is required of it.
func (b *BranchProtection) WithJobs(policy Policy, branch string, presubmits []jobs.Presubmit) (Policy, error) {
	unprotected := policy.Protect != nil && !*policy.Protect
	of := RequirementsOf(branch, presubmits, isTrue(policy.RequireManuallyTriggeredJobs))
	if b.setsContexts(of) {
		switch {
		case unprotected && isTrue(b.AllowDisabledJobPolicies):
			return Policy{}, nil
		case unprotected:
			return Policy{}, errors.New("jobs are required, and need protect: true or allow_disabled_job_policies")
		}
		ofJobs := Policy{RequiredStatusChecks: &StatusChecks{Contexts: of.Required}}
		if isTrue(b.ProtectTested) {
			ofJobs.Protect = b.ProtectTested
		}
		return policy.over(ofJobs), nil
	}
	if unprotected {
		rest := policy
		rest.Protect = nil
		if rest.saysSomething() && !isTrue(b.AllowDisabledPolicies) {
			return Policy{}, errors.New("has settings, which need protect: true or allow_disabled_policies")
		}
	}
	return policy, nil
}

// setsContexts reports whether the jobs of a branch make it have required contexts.
func (b *BranchProtection) setsContexts(of Requirements) bool {
	if len(of.Required) > 0 {
		return true
	}
	return isTrue(b.ProtectReposWithOptionalJobs) && len(of.RequiredIfPresent)+len(of.Optional) > 0
}

// saysSomething reports whether the policy says how a branch is protected.
func (p Policy) saysSomething() bool {
	p.Unmanaged, p.Exclude, p.Include = nil, nil, nil
	return p.isSet()
}

// over is the policy with what a narrower level says.
func (p Policy) over(narrower Policy) Policy {
	return Policy{
		Unmanaged:                    either(narrower.Unmanaged, p.Unmanaged),
		Protect:                      either(narrower.Protect, p.Protect),
		RequiredStatusChecks:         both(p.RequiredStatusChecks, narrower.RequiredStatusChecks, StatusChecks.over),
		EnforceAdmins:                either(narrower.EnforceAdmins, p.EnforceAdmins),
		Restrictions:                 both(p.Restrictions, narrower.Restrictions, Restrictions.over),
		RequireManuallyTriggeredJobs: either(narrower.RequireManuallyTriggeredJobs, p.RequireManuallyTriggeredJobs),
		RequiredPullRequestReviews:   both(p.RequiredPullRequestReviews, narrower.RequiredPullRequestReviews, ReviewPolicy.over),
		RequiredLinearHistory:        either(narrower.RequiredLinearHistory, p.RequiredLinearHistory),
		AllowForcePushes:             either(narrower.AllowForcePushes, p.AllowForcePushes),
		AllowDeletions:               either(narrower.AllowDeletions, p.AllowDeletions),
		RequireSignedCommits:         either(narrower.RequireSignedCommits, p.RequireSignedCommits),
		Exclude:                      inherit(p.Exclude, narrower.Exclude),
		Include:                      inherit(p.Include, narrower.Include),
	}
}

func (s StatusChecks) over(narrower StatusChecks) StatusChecks {
	return StatusChecks{Contexts: inherit(s.Contexts, narrower.Contexts), Strict: either(narrower.Strict, s.Strict)}
}

func (r Restrictions) over(narrower Restrictions) Restrictions {
	return Restrictions{
		Apps: inherit(r.Apps, narrower.Apps), Users: inherit(r.Users, narrower.Users), Teams: inherit(r.Teams, narrower.Teams),
	}
}

func (r ReviewPolicy) over(narrower ReviewPolicy) ReviewPolicy {
	return ReviewPolicy{
		DismissalRestrictions:        both(r.DismissalRestrictions, narrower.DismissalRestrictions, UsersAndTeams.over),
		DismissStaleReviews:          either(narrower.DismissStaleReviews, r.DismissStaleReviews),
		RequireCodeOwnerReviews:      either(narrower.RequireCodeOwnerReviews, r.RequireCodeOwnerReviews),
		RequiredApprovingReviewCount: either(narrower.RequiredApprovingReviewCount, r.RequiredApprovingReviewCount),
		BypassPullRequestAllowances:  both(r.BypassPullRequestAllowances, narrower.BypassPullRequestAllowances, UsersAndTeams.over),
	}
}

func (u UsersAndTeams) over(narrower UsersAndTeams) UsersAndTeams {
	return UsersAndTeams{Users: inherit(u.Users, narrower.Users), Teams: inherit(u.Teams, narrower.Teams)}
}

// both merges two that are set, else is the one that is.
func both[T any](wider, narrower *T, over func(wider, narrower T) T) *T {
	if wider == nil || narrower == nil {
		return either(narrower, wider)
	}
	merged := over(*wider, *narrower)
	return &merged
}

// inherit is the union of two lists that are set, else the one that is, in its own order.
func inherit(wider, narrower []string) []string {
	switch {
	case narrower == nil:
		return wider
	case wider == nil:
		return narrower
	}
	return union(wider, narrower)
}
