// SPDX-License-Identifier: Apache-2.0

package plugins

// BranchMilestones are titles of milestones by the base branch whose pulls get them.
type BranchMilestones map[string]string

// MilestoneOn is the title of the milestone for pulls on a branch of a repo; "" when there is none.
func (c *Configuration) MilestoneOn(org, repo, branch string) string {
	return c.MilestoneApplier[org+"/"+repo][branch]
}
