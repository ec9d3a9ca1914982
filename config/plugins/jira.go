// SPDX-License-Identifier: Apache-2.0

package plugins

// Jira configures the jira plugin, which links the issues that people mention.
type Jira struct {
	// DisabledJiraProjects are projects whose issues are not linked, such as "enterprise" for
	// enterprise-4, in any case.
	DisabledJiraProjects []string `json:"disabled_jira_projects,omitempty"`
}
