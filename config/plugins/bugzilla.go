// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"maps"
	"slices"

	"knative.dev/pkg/apis"
)

// Bugzilla configures the bugzilla plugin, which checks the bugs that titles of
// pulls name. What is said of a branch overrides what is said of "*", and what
// is said of a repo what is said of its org, and that what is said of all.
type Bugzilla struct {
	// Default is for all repos, by base branch or "*".
	Default map[string]BugzillaOptions `json:"default,omitempty"`
	// Orgs are by org.
	Orgs map[string]BugzillaOrg `json:"orgs,omitempty"`
}

// BugzillaOrg is for an org.
type BugzillaOrg struct {
	// Default is for all repos of the org, by base branch or "*".
	Default map[string]BugzillaOptions `json:"default,omitempty"`
	// Repos are by the name of the repo in the org.
	Repos map[string]BugzillaRepo `json:"repos,omitempty"`
}

// BugzillaRepo is for a repo.
type BugzillaRepo struct {
	// Branches are by base branch or "*".
	Branches map[string]BugzillaOptions `json:"branches,omitempty"`
}

// OptionsFor is what counts for pulls on a branch of a repo, with the older
// forms of options turned into the newer.
func (b Bugzilla) OptionsFor(org, repo, branch string) BugzillaOptions {
	options := optionsOn(branch, b.Default)
	of, ok := b.Orgs[org]
	if !ok {
		return options
	}
	options = optionsOn(branch, of.Default).over(options)
	if own, ok := of.Repos[repo]; ok {
		options = optionsOn(branch, own.Branches).over(options)
	}
	return options
}

func optionsOn(branch string, by map[string]BugzillaOptions) BugzillaOptions {
	return by[branch].modern().over(by["*"].modern())
}

// Validate warns of what is deprecated.
func (b Bugzilla) Validate() *apis.FieldError {
	errs := deprecatedOptions(b.Default, "default")
	for _, org := range slices.Sorted(maps.Keys(b.Orgs)) {
		of := deprecatedOptions(b.Orgs[org].Default, "default")
		for _, repo := range slices.Sorted(maps.Keys(b.Orgs[org].Repos)) {
			of = of.Also(deprecatedOptions(b.Orgs[org].Repos[repo].Branches, "branches").ViaFieldKey("repos", repo))
		}
		errs = errs.Also(of.ViaFieldKey("orgs", org))
	}
	return errs.At(apis.WarningLevel)
}

func deprecatedOptions(by map[string]BugzillaOptions, field string) *apis.FieldError {
	var errs *apis.FieldError
	for _, branch := range slices.Sorted(maps.Keys(by)) {
		if by[branch].DependentBugTargetRelease != nil {
			old := apis.ErrGeneric("is deprecated; write dependent_bug_target_releases", "dependent_bug_target_release")
			errs = errs.Also(old.ViaFieldKey(field, branch))
		}
	}
	return errs
}
