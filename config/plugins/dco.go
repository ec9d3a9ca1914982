// SPDX-License-Identifier: Apache-2.0

package plugins

import "cmp"

// DCO configures the dco plugin, which asks for a Signed-off-by line in every
// commit, for an org, a repo, or all.
type DCO struct {
	// SkipDCOCheckForMembers does not ask members of the trusted org.
	SkipDCOCheckForMembers bool `json:"skip_dco_check_for_members,omitempty"`
	// TrustedApps are GitHub Apps that are not asked, without "[bot]".
	TrustedApps []string `json:"trusted_apps,omitempty"`
	// TrustedOrg is the org whose members are meant; the pull's own when unset.
	TrustedOrg string `json:"trusted_org,omitempty"`
	// SkipDCOCheckForCollaborators does not ask collaborators of the repo.
	SkipDCOCheckForCollaborators bool `json:"skip_dco_check_for_collaborators,omitempty"`
	// ContributingRepo is the org/repo with the page that explains how to contribute; the pull's own when unset.
	ContributingRepo string `json:"contributing_repo,omitempty"`
	// ContributingBranch is the branch with that page; "master" when unset.
	ContributingBranch string `json:"contributing_branch,omitempty"`
	// ContributingPath is the path of that page; "CONTRIBUTING.md" when unset.
	ContributingPath string `json:"contributing_path,omitempty"`
}

// DCOFor is the configuration of the dco plugin for a repo, with all defaults:
// that of the repo, else of its org, else of "*".
func (c *Configuration) DCOFor(org, repo string) DCO {
	var dco DCO
	if found := cmp.Or(c.DCO[org+"/"+repo], c.DCO[org], c.DCO["*"]); found != nil {
		dco = *found
	}
	fill(&dco.TrustedOrg, org)
	fill(&dco.ContributingRepo, org+"/"+repo)
	fill(&dco.ContributingBranch, "master")
	fill(&dco.ContributingPath, "CONTRIBUTING.md")
	return dco
}
