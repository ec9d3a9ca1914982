// SPDX-License-Identifier: Apache-2.0

package plugins

import "slices"

// BranchCleaner configures the branchcleaner plugin, which deletes the source
// branch of a pull that was merged.
type BranchCleaner struct {
	// PreservedBranches are the branches that stay, by org or org/repo: names, or regular expressions
	// that match somewhere in the name. What the org and the repo name both stay.
	PreservedBranches map[string][]string `json:"preserved_branches,omitempty"`
}

// Preserved reports whether a branch stays.
func (b BranchCleaner) Preserved(org, repo, branch string) bool {
	stays := func(name string) bool { return name == branch || matches(name, branch) }
	return slices.ContainsFunc(b.PreservedBranches[org+"/"+repo], stays) || slices.ContainsFunc(b.PreservedBranches[org], stays)
}
