// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"slices"

	"knative.dev/pkg/apis"
)

// CherryPickApproved configures the cherry-pick-approved plugin for a repo: when
// one of the approvers approves a pull on GitHub that needs nothing else, it
// gets the label cherry-pick-approved.
type CherryPickApproved struct {
	// Org is the org.
	Org string `json:"org,omitempty"`
	// Repo is the name of the repo in the org. The last entry for a repo counts.
	Repo string `json:"repo,omitempty"`
	// BranchRegexp is a regular expression for the base branches that are meant; ^release-.*$ when unset.
	BranchRegexp string `json:"branchregexp,omitempty"`
	// Approvers are the logins that may approve, exactly as GitHub writes them.
	Approvers []string `json:"approvers,omitempty"`
	// AllowMissingApprovedLabel does not ask for the label approved.
	AllowMissingApprovedLabel bool `json:"allow_missing_approved_label,omitempty"`
	// AllowMissingLGTMLabel does not ask for the label lgtm.
	AllowMissingLGTMLabel bool `json:"allow_missing_lgtm_label,omitempty"`
}

// defaultCherryPickBranches is which branches take cherry-picks.
const defaultCherryPickBranches = `^release-.*$`

// CherryPickApprovedFor is the entry that counts for a repo, and whether there is one.
func (c *Configuration) CherryPickApprovedFor(org, repo string) (CherryPickApproved, bool) {
	for _, entry := range slices.Backward(c.CherryPickApproved) {
		if entry.Org == org && entry.Repo == repo {
			return entry, true
		}
	}
	return CherryPickApproved{}, false
}

// OnBranch reports whether a base branch is meant.
func (a CherryPickApproved) OnBranch(branch string) bool { return matches(a.BranchRegexp, branch) }

func (a *CherryPickApproved) setDefaults() { fill(&a.BranchRegexp, defaultCherryPickBranches) }

// Validate reports a regular expression that does not compile.
func (a CherryPickApproved) Validate() *apis.FieldError {
	return compiles(a.BranchRegexp, "branchregexp")
}
