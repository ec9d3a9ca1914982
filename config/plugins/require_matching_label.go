// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"strings"
	"time"

	"knative.dev/pkg/apis"
)

// RequireMatchingLabel gives issues and pulls a label while they have none that
// a regular expression matches; the require-matching-label plugin does it.
type RequireMatchingLabel struct {
	// Org is the org that is meant.
	Org string `json:"org,omitempty"`
	// Repo is the name of the repo in the org; all when unset.
	Repo string `json:"repo,omitempty"`
	// Branch is the base branch of the pulls that are meant; all when unset. It needs PRs.
	Branch string `json:"branch,omitempty"`
	// PRs has it done with pulls. PRs or Issues must be set.
	PRs bool `json:"prs,omitempty"`
	// Issues has it done with issues.
	Issues bool `json:"issues,omitempty"`
	// Regexp is a regular expression for the labels of which one is needed.
	Regexp string `json:"regexp,omitempty"`
	// MissingLabel is the label while there is none; Regexp must not match it.
	MissingLabel string `json:"missing_label,omitempty"`
	// MissingComment is said when MissingLabel is set; nothing when unset.
	MissingComment string `json:"missing_comment,omitempty"`
	// GracePeriod is how long after opening and reopening labels are waited for, such as 10s; 5s when unset.
	GracePeriod string `json:"grace_period,omitempty"`
}

// RequireMatchingLabelsFor are the entries for a repo's pulls on a branch, or for its issues where branch is "".
func (c *Configuration) RequireMatchingLabelsFor(org, repo, branch string) []RequireMatchingLabel {
	var found []RequireMatchingLabel
	for _, r := range c.RequireMatchingLabel {
		if r.Org == org && (r.Repo == "" || r.Repo == repo) && r.covers(branch) {
			found = append(found, r)
		}
	}
	return found
}

// covers reports whether pulls on a branch are meant, or issues where branch is "".
func (r RequireMatchingLabel) covers(branch string) bool {
	if branch == "" {
		return r.Issues
	}
	return r.PRs && (r.Branch == "" || r.Branch == branch)
}

// Grace is GracePeriod.
func (r RequireMatchingLabel) Grace() time.Duration {
	grace, _ := time.ParseDuration(r.GracePeriod)
	return grace
}

// Matches reports whether a label is one of those needed.
func (r RequireMatchingLabel) Matches(label string) bool { return matches(r.Regexp, label) }

func (r *RequireMatchingLabel) setDefaults() { fill(&r.GracePeriod, "5s") }

// Validate reports what is missing and what contradicts itself.
func (r RequireMatchingLabel) Validate() *apis.FieldError {
	errs := compiles(r.Regexp, "regexp")
	for _, field := range []struct{ value, name string }{{r.Org, "org"}, {r.Regexp, "regexp"}, {r.MissingLabel, "missing_label"}} {
		if field.value == "" {
			errs = errs.Also(apis.ErrMissingField(field.name))
		}
	}
	if strings.Contains(r.Repo, "/") {
		errs = errs.Also(apis.ErrInvalidValue(r.Repo, "repo", "want the name alone; the org is in org"))
	}
	if !r.PRs && !r.Issues {
		errs = errs.Also(apis.ErrGeneric("is missing; it or issues: true is needed", "prs"))
	}
	if r.Branch != "" && !r.PRs {
		errs = errs.Also(apis.ErrGeneric("needs prs: true", "branch"))
	}
	if r.Regexp != "" && r.Matches(r.MissingLabel) {
		errs = errs.Also(apis.ErrInvalidValue(r.MissingLabel, "missing_label", "regexp must not match it"))
	}
	if _, err := time.ParseDuration(r.GracePeriod); err != nil {
		errs = errs.Also(apis.ErrInvalidValue(r.GracePeriod, "grace_period", "want a duration such as 5s"))
	}
	return errs
}
