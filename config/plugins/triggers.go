// SPDX-License-Identifier: Apache-2.0

package plugins

import "knative.dev/pkg/apis"

// Trigger configures the trigger plugin, which starts jobs, for some repos. The
// first entry that lists a repo counts, else the first that lists its org;
// entries are not merged.
type Trigger struct {
	// Repos are orgs and org/repos.
	Repos []string `json:"repos,omitempty"`
	// TrustedApps are GitHub Apps that are trusted, without "[bot]".
	TrustedApps []string `json:"trusted_apps,omitempty"`
	// TrustedOrg is an org whose members are trusted too. It is deprecated.
	TrustedOrg string `json:"trusted_org,omitempty"`
	// JoinOrgURL is where people are told to ask for membership; the page of TrustedOrg's people when unset.
	JoinOrgURL string `json:"join_org_url,omitempty"`
	// OnlyOrgMembers does not trust collaborators.
	OnlyOrgMembers bool `json:"only_org_members,omitempty"`
	// IgnoreOkToTest makes /ok-to-test do nothing.
	IgnoreOkToTest bool `json:"ignore_ok_to_test,omitempty"`
	// TriggerGitHubWorkflows approves and runs again GitHub's own workflows too.
	TriggerGitHubWorkflows bool `json:"trigger_github_workflows,omitempty"`
	// OrgInvite tells people how to become members.
	OrgInvite *OrgInvite `json:"org_invite,omitempty"`
}

// OrgInvite tells people with merged pulls how to become members.
type OrgInvite struct {
	// Prominent does it in the welcome comment.
	Prominent *ProminentInvite `json:"prominent,omitempty"`
}

// ProminentInvite is a tip in the welcome comment.
type ProminentInvite struct {
	// Disabled gives no tip.
	Disabled bool `json:"disabled,omitempty"`
	// MergedPRThreshold is how many merged pulls it takes; 3 when unset.
	MergedPRThreshold *int `json:"merged_pr_threshold,omitempty"`
	// Message replaces the tip; {join_org_url} in it is replaced.
	Message string `json:"message,omitempty"`
}

// TriggerFor is the configuration of the trigger plugin for a repo.
func (c *Configuration) TriggerFor(org, repo string) Trigger {
	t, _ := first(c.Triggers, org, repo)
	return t
}

func (t Trigger) repos() []string { return t.Repos }

func (t *Trigger) setDefaults() {
	if t.TrustedOrg != "" {
		fill(&t.JoinOrgURL, "https://github.com/orgs/"+t.TrustedOrg+"/people")
	}
}

// Validate warns of what is deprecated.
func (t Trigger) Validate() *apis.FieldError {
	if t.TrustedOrg == "" {
		return nil
	}
	return apis.ErrGeneric("is deprecated, but works", "trusted_org").At(apis.WarningLevel)
}
