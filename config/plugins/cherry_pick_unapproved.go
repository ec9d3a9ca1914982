// SPDX-License-Identifier: Apache-2.0

package plugins

import "knative.dev/pkg/apis"

// CherryPickUnapproved configures the cherry-pick-unapproved plugin, which
// gives a pull the label do-not-merge/cherry-pick-not-approved until it has the
// label cherry-pick-approved.
type CherryPickUnapproved struct {
	// BranchRegexp is a regular expression for the base branches that are meant; ^release-.*$ when unset.
	BranchRegexp string `json:"branchregexp,omitempty"`
	// Comment is what is said on the pull; that it lacks the label cherry-pick-approved when unset.
	Comment string `json:"comment,omitempty"`
}

// defaultCherryPickComment is word for word what Prow says, since the defaults of a configuration are compared.
const defaultCherryPickComment = "This PR is not for the master branch but does not have the `cherry-pick-approved`  label. " +
	"Adding the `do-not-merge/cherry-pick-not-approved`  label."

// OnBranch reports whether a base branch is meant.
func (u CherryPickUnapproved) OnBranch(branch string) bool { return matches(u.BranchRegexp, branch) }

func (u *CherryPickUnapproved) setDefaults() {
	fill(&u.BranchRegexp, defaultCherryPickBranches)
	fill(&u.Comment, defaultCherryPickComment)
}

// Validate reports a regular expression that does not compile.
func (u CherryPickUnapproved) Validate() *apis.FieldError {
	return compiles(u.BranchRegexp, "branchregexp")
}
