// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"slices"

	"github.com/cutwater-ci/cutwater/config/jobs"
)

// TideContextPolicy is which status contexts a pull into the branch needs, given
// its presubmits, those that the repository brings included. Where
// branch-protection contradicts itself for the branch, it is as if it were not
// there. The error is that a context is both required and optional.
func (c *Config) TideContextPolicy(org, repo, branch string, presubmits []jobs.Presubmit) (*ContextPolicy, error) {
	p := c.Tide.ContextOptions.For(org, repo, branch)
	manual := false
	if isTrue(p.FromBranchProtection) {
		if protection, err := c.ProtectionFor(org, repo, branch, presubmits); err == nil && protection != nil {
			manual = isTrue(protection.RequireManuallyTriggeredJobs)
			if checks := protection.RequiredStatusChecks; checks != nil && isTrue(protection.Protect) {
				p.RequiredContexts = union(p.RequiredContexts, checks.Contexts)
			}
		}
	}
	p.FromBranchProtection = nil // It has been followed.
	of := RequirementsOf(branch, presubmits, manual)
	p.RequiredContexts = union(p.RequiredContexts, of.Required)
	p.RequiredIfPresentContexts = union(p.RequiredIfPresentContexts, of.RequiredIfPresent)
	p.OptionalContexts = union(p.OptionalContexts, of.Optional)
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("contexts of %s/%s@%s: %w", org, repo, branch, err)
	}
	return &p, nil
}

// IsOptional reports whether a pull that has the context may be merged whatever its state.
func (p *ContextPolicy) IsOptional(context string) bool {
	if slices.Contains(p.OptionalContexts, context) {
		return true
	}
	for _, expression := range p.optional {
		if expression != nil && expression.MatchString(context) {
			return true
		}
	}
	if slices.Contains(p.RequiredContexts, context) || slices.Contains(p.RequiredIfPresentContexts, context) {
		return false
	}
	return isTrue(p.SkipUnknownContexts)
}

// Missing are the required contexts that are not among these.
func (p *ContextPolicy) Missing(contexts []string) []string {
	var missing []string
	for _, context := range p.RequiredContexts {
		if !slices.Contains(contexts, context) {
			missing = append(missing, context)
		}
	}
	return missing
}

// Requirements are the status contexts of the presubmits of a branch.
type Requirements struct {
	// Required are those of jobs that always run.
	Required []string
	// RequiredIfPresent are those of jobs that run sometimes.
	RequiredIfPresent []string
	// Optional are those of jobs that are optional or do not report.
	Optional []string
}

// RequirementsOf sorts the contexts of presubmits, those that do not run on the
// branch left out. manual says that jobs that run only when somebody asks for
// them are required.
func RequirementsOf(branch string, presubmits []jobs.Presubmit, manual bool) Requirements {
	var of Requirements
	for i := range presubmits {
		p := &presubmits[i]
		switch {
		case !p.CouldRun(branch):
		case !p.ContextRequired():
			of.Optional = append(of.Optional, p.Context)
		case !p.TriggersConditionally(), manual && p.NeedsExplicitTrigger():
			of.Required = append(of.Required, p.Context)
		default:
			of.RequiredIfPresent = append(of.RequiredIfPresent, p.Context)
		}
	}
	return of
}

func isTrue(b *bool) bool { return b != nil && *b }
