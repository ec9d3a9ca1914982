// SPDX-License-Identifier: Apache-2.0

package plugins

import "slices"

// Override configures who, beside admins of the repo, may use the commands of
// the override plugin.
type Override struct {
	// AllowTopLevelOwners lets approvers of the repo's topmost OWNERS file.
	AllowTopLevelOwners bool `json:"allow_top_level_owners,omitempty"`
	// AllowedGitHubTeams are slugs of teams whose members may, by org or org/repo; both count for a repo.
	AllowedGitHubTeams map[string][]string `json:"allowed_github_teams,omitempty"`
}

// TeamsFor are the slugs of the teams whose members may override in a repo.
func (o Override) TeamsFor(org, repo string) []string {
	return slices.Concat(o.AllowedGitHubTeams[org+"/"+repo], o.AllowedGitHubTeams[org])
}
