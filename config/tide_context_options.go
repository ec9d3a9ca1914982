// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"knative.dev/pkg/apis"
)

// ContextOptions say which status contexts pulls need. What is said for an
// org, a repository and a branch is merged: switches of the narrower level
// count, and lists are united.
type ContextOptions struct {
	ContextPolicy

	// Orgs are by name.
	Orgs map[string]OrgContextOptions `json:"orgs,omitempty"`
}

// OrgContextOptions are those of an org.
type OrgContextOptions struct {
	ContextPolicy

	// Repos are by name, without the org.
	Repos map[string]RepoContextOptions `json:"repos,omitempty"`
}

// RepoContextOptions are those of a repository.
type RepoContextOptions struct {
	ContextPolicy

	// Branches are by name.
	Branches map[string]ContextPolicy `json:"branches,omitempty"`
}

// ContextPolicy says which status contexts a pull needs to be merged. The
// contexts of the jobs come to it: those that always run are required,
// those that run sometimes are required if present, and those that are
// optional or do not report are optional.
type ContextPolicy struct {
	// SkipUnknownContexts merges whatever the state of contexts that nothing else
	// speaks of; they must have succeeded when it is false, the default.
	SkipUnknownContexts *bool `json:"skip-unknown-contexts,omitempty"`
	// RequiredContexts must be there and have succeeded.
	RequiredContexts []string `json:"required-contexts,omitempty"`
	// RequiredIfPresentContexts must have succeeded if they are there.
	RequiredIfPresentContexts []string `json:"required-if-present-contexts,omitempty"`
	// OptionalContexts do not matter.
	OptionalContexts []string `json:"optional-contexts,omitempty"`
	// OptionalRegexContexts are regular expressions of contexts that do not matter. They must match no required one.
	OptionalRegexContexts []string `json:"optional-regex-contexts,omitempty"`
	// FromBranchProtection requires the contexts that branch-protection requires for a protected branch.
	FromBranchProtection *bool `json:"from-branch-protection,omitempty"`
	// OverwritePendingContexts turns pending contexts of a pull into successful ones
	// when the pull is merged as part of a batch that succeeded: GitHub would not let it be merged.
	OverwritePendingContexts *bool `json:"overwrite-pending-contexts,omitempty"`

	// optional are the compiled OptionalRegexContexts.
	optional []*regexp.Regexp
}

// For is what is said for a branch, jobs and branch-protection aside.
func (o *ContextOptions) For(org, repo, branch string) ContextPolicy {
	policy := o.ContextPolicy
	inOrg, ok := o.Orgs[org]
	if !ok {
		return policy
	}
	policy = policy.over(inOrg.ContextPolicy)
	inRepo, ok := inOrg.Repos[repo]
	if !ok {
		return policy
	}
	return policy.over(inRepo.ContextPolicy).over(inRepo.Branches[branch])
}

// over is the policy with what a narrower level says.
func (p ContextPolicy) over(narrower ContextPolicy) ContextPolicy {
	return ContextPolicy{
		SkipUnknownContexts:       either(narrower.SkipUnknownContexts, p.SkipUnknownContexts),
		RequiredContexts:          union(p.RequiredContexts, narrower.RequiredContexts),
		RequiredIfPresentContexts: union(p.RequiredIfPresentContexts, narrower.RequiredIfPresentContexts),
		OptionalContexts:          union(p.OptionalContexts, narrower.OptionalContexts),
		OptionalRegexContexts:     union(p.OptionalRegexContexts, narrower.OptionalRegexContexts),
		FromBranchProtection:      either(narrower.FromBranchProtection, p.FromBranchProtection),
		OverwritePendingContexts:  either(narrower.OverwritePendingContexts, p.OverwritePendingContexts),
	}
}

// either is the first that is set.
func either[T any](first, second *T) *T {
	if first != nil {
		return first
	}
	return second
}

// union is the members of both lists, sorted, each once.
func union(a, b []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

// Validate reports contexts that are both required and not.
func (p *ContextPolicy) Validate() *apis.FieldError {
	errs := p.compile(apis.ErrorLevel)
	both := func(field string, list, others []string, otherField string) {
		for i, context := range list {
			if slices.Contains(others, context) {
				errs = errs.Also(wrongAt(field, i, "%q is one of %s too", context, otherField))
			}
		}
	}
	both("optional-contexts", p.OptionalContexts, p.RequiredContexts, "required-contexts")
	both("optional-contexts", p.OptionalContexts, p.RequiredIfPresentContexts, "required-if-present-contexts")
	both("required-if-present-contexts", p.RequiredIfPresentContexts, p.RequiredContexts, "required-contexts")
	for i, expression := range p.optional {
		for _, context := range slices.Concat(p.RequiredContexts, p.RequiredIfPresentContexts) {
			if expression != nil && expression.MatchString(context) {
				errs = errs.Also(wrongAt("optional-regex-contexts", i, "%q matches %q, which is required", expression, context))
			}
		}
	}
	return errs
}

// compile keeps the expressions in their compiled form, nil for those that do not compile.
func (p *ContextPolicy) compile(level apis.DiagnosticLevel) *apis.FieldError {
	var errs *apis.FieldError
	p.optional = make([]*regexp.Regexp, len(p.OptionalRegexContexts))
	for i, expression := range p.OptionalRegexContexts {
		var err error
		if p.optional[i], err = regexp.Compile(expression); err != nil {
			errs = errs.Also(apis.ErrInvalidValue(expression, fmt.Sprintf("optional-regex-contexts[%d]", i), err.Error()).At(level))
		}
	}
	return errs
}

// validate warns of expressions that do not compile, at all levels. Prow finds
// this, and contexts that are both required and optional, only when a pull
// comes along: some other levels, or jobs, may make a difference.
func (o *ContextOptions) validate() *apis.FieldError {
	errs := o.ContextPolicy.warn()
	for _, org := range slices.Sorted(maps.Keys(o.Orgs)) {
		inOrg := o.Orgs[org]
		wrong := inOrg.warn()
		for _, repo := range slices.Sorted(maps.Keys(inOrg.Repos)) {
			inRepo := inOrg.Repos[repo]
			below := inRepo.warn()
			for _, branch := range slices.Sorted(maps.Keys(inRepo.Branches)) {
				below = below.Also(inRepo.Branches[branch].warn().ViaFieldKey("branches", branch))
			}
			wrong = wrong.Also(below.ViaFieldKey("repos", repo))
		}
		errs = errs.Also(wrong.ViaFieldKey("orgs", org))
	}
	return errs
}

func (p ContextPolicy) warn() *apis.FieldError { return p.compile(apis.WarningLevel) }
