// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"cmp"

	"knative.dev/pkg/apis"
)

// Milestone says who may use the commands of the milestone and milestonestatus plugins.
type Milestone struct {
	// MaintainersID is the number of the team that may, where MaintainersTeam is unset. It is deprecated.
	MaintainersID int `json:"maintainers_id,omitempty"`
	// MaintainersTeam is the slug of the team that may.
	MaintainersTeam string `json:"maintainers_team,omitempty"`
	// MaintainersFriendlyName is what the team is called in comments; "SIG Chairs/TLs" when unset.
	MaintainersFriendlyName string `json:"maintainers_friendly_name,omitempty"`
}

const defaultMaintainersName = "SIG Chairs/TLs"

// MilestoneFor is the entry for a repo, else that of "", with the team's name filled in; false when there is neither.
func (c *Configuration) MilestoneFor(org, repo string) (Milestone, bool) {
	m, ok := c.RepoMilestone[org+"/"+repo]
	if !ok {
		m, ok = c.RepoMilestone[""]
	}
	m.MaintainersFriendlyName = cmp.Or(m.MaintainersFriendlyName, defaultMaintainersName)
	return m, ok
}

// Validate warns of what is deprecated.
func (m Milestone) Validate() *apis.FieldError {
	if m.MaintainersID == 0 {
		return nil
	}
	return apis.ErrGeneric("is deprecated; name the team in maintainers_team", "maintainers_id").At(apis.WarningLevel)
}
