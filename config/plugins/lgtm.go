// SPDX-License-Identifier: Apache-2.0

package plugins

// Lgtm configures the lgtm plugin for some repos. The first entry that lists a
// repo counts, else the first that lists its org; entries are not merged.
type Lgtm struct {
	// Repos are orgs and org/repos.
	Repos []string `json:"repos,omitempty"`
	// ReviewActsAsLgtm makes an approving review on GitHub an /lgtm, and one that requests changes an /lgtm cancel.
	ReviewActsAsLgtm bool `json:"review_acts_as_lgtm,omitempty"`
	// StoreTreeHash keeps the label through pushes that leave all files as they are, such as squashing.
	StoreTreeHash bool `json:"store_tree_hash,omitempty"`
	// StickyLgtmTeam is the name (not the slug) of a team whose members' pulls keep the label through every
	// push. Members can then merge what nobody has looked at.
	StickyLgtmTeam string `json:"trusted_team_for_sticky_lgtm,omitempty"`
}

// LgtmFor is the configuration of the lgtm plugin for a repo.
func (c *Configuration) LgtmFor(org, repo string) Lgtm {
	l, _ := first(c.Lgtm, org, repo)
	return l
}

func (l Lgtm) repos() []string { return l.Repos }
