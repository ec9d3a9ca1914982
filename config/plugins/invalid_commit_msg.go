// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"slices"

	"knative.dev/pkg/apis"

	"github.com/cutwater-ci/cutwater/config/document"
)

// InvalidCommitMsg configures the invalidcommitmsg plugin for some repos. The
// first entry that lists a repo counts, else the first that lists its org.
type InvalidCommitMsg struct {
	// Repos are orgs and org/repos. None may be listed twice.
	Repos []string `json:"repos,omitempty"`
	// Checks are checks that are not as usual; all are made when unset.
	Checks []CommitMsgCheck `json:"checks,omitempty"`
}

// CommitMsgCheck is a check of commit messages.
type CommitMsgCheck struct {
	// Name is fixupPrefix (subjects that start with fixup!, amend! or squash!) or
	// issueClosingKeywords (messages that close an issue).
	Name string `json:"name"`
	// Disabled does not make the check.
	Disabled bool `json:"disabled,omitempty"`
}

// The checks of commit messages that can be disabled.
const (
	CheckFixupPrefix          = "fixupPrefix"
	CheckIssueClosingKeywords = "issueClosingKeywords"
)

// InvalidCommitMsgFor is the configuration of the invalidcommitmsg plugin for a repo.
func (c *Configuration) InvalidCommitMsgFor(org, repo string) InvalidCommitMsg {
	m, _ := first(c.InvalidCommitMsg, org, repo)
	return m
}

// Checked reports whether a check is made.
func (m InvalidCommitMsg) Checked(name string) bool {
	return !slices.ContainsFunc(m.Checks, func(c CommitMsgCheck) bool { return c.Name == name && c.Disabled })
}

func (m InvalidCommitMsg) repos() []string { return m.Repos }

// Validate warns of checks that do not exist.
func (m InvalidCommitMsg) Validate() *apis.FieldError {
	var errs *apis.FieldError
	checks := []string{CheckFixupPrefix, CheckIssueClosingKeywords}
	for i, check := range m.Checks {
		if slices.Contains(checks, check.Name) {
			continue
		}
		hint := "want fixupPrefix or issueClosingKeywords"
		if like := document.Closest(check.Name, checks); like != "" {
			hint = "did you mean " + like + "?"
		}
		errs = errs.Also(apis.ErrInvalidValue(check.Name, "name", hint).ViaFieldIndex("checks", i))
	}
	return errs.At(apis.WarningLevel)
}
