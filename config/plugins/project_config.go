// SPDX-License-Identifier: Apache-2.0

package plugins

// ProjectConfig configures the project plugin, whose command /project puts
// issues and pulls on boards of classic projects.
type ProjectConfig struct {
	// Orgs are by org.
	Orgs map[string]ProjectOrg `json:"project_org_configs,omitempty"`
}

// ProjectOrg is for the projects of an org.
type ProjectOrg struct {
	// MaintainerTeamID is the number of the team whose members may use the command; -1 lets nobody.
	MaintainerTeamID int `json:"org_maintainers_team_id,omitempty"`
	// ProjectColumnMap is the column that is meant when none is given, by project.
	ProjectColumnMap map[string]string `json:"org_default_column_map,omitempty"`
	// Repos are by the name of the repo in the org, and replace both.
	Repos map[string]ProjectRepo `json:"project_repo_configs,omitempty"`
}

// ProjectRepo is for the projects of a repo.
type ProjectRepo struct {
	// MaintainerTeamID is the number of the team whose members may use the command; -1 lets nobody.
	MaintainerTeamID int `json:"repo_maintainers_team_id,omitempty"`
	// ProjectColumnMap is the column that is meant when none is given, by project.
	ProjectColumnMap map[string]string `json:"repo_default_column_map,omitempty"`
}

// For is what counts for a repo: its own entry, else that of its org, else the team -1.
func (p ProjectConfig) For(org, repo string) ProjectRepo {
	of, ok := p.Orgs[org]
	if !ok {
		return ProjectRepo{MaintainerTeamID: -1}
	}
	if own, ok := of.Repos[repo]; ok {
		return own
	}
	return ProjectRepo{MaintainerTeamID: of.MaintainerTeamID, ProjectColumnMap: of.ProjectColumnMap}
}
