// SPDX-License-Identifier: Apache-2.0

package config

// BranchProtection configures how GitHub protects branches. What is said for
// all, for an org, for a repository and for a branch is merged: switches and
// numbers of the narrower level count, and lists are united.
type BranchProtection struct {
	Policy

	// ProtectTested protects the branches of all repositories that have required
	// jobs, also of those that are not named here.
	ProtectTested *bool `json:"protect-tested-repos,omitempty"`
	// Orgs are by name.
	Orgs map[string]OrgProtection `json:"orgs,omitempty"`
	// AllowDisabledPolicies allows protect: false where other settings are there or
	// inherited; it is an error without.
	AllowDisabledPolicies *bool `json:"allow_disabled_policies,omitempty"`
	// AllowDisabledJobPolicies allows protect: false where jobs are required, and
	// leaves the branch as it is; it is an error without.
	AllowDisabledJobPolicies *bool `json:"allow_disabled_job_policies,omitempty"`
	// ProtectReposWithOptionalJobs also sets the required contexts of branches whose
	// jobs are all optional or do not always run.
	ProtectReposWithOptionalJobs *bool `json:"protect_repos_with_optional_jobs,omitempty"`
}

// OrgProtection is the policy of an org.
type OrgProtection struct {
	Policy

	// Repos are by name, without the org.
	Repos map[string]RepoProtection `json:"repos,omitempty"`
}

// RepoProtection is the policy of a repository.
type RepoProtection struct {
	Policy

	// Branches are by name. Each must say protect or unmanaged: true, here or at a level above.
	Branches map[string]Policy `json:"branches,omitempty"`
}

// Policy is what is said at one level. What is unset is taken from the level above.
type Policy struct {
	// Unmanaged leaves the branches as they are.
	Unmanaged *bool `json:"unmanaged,omitempty"`
	// Protect protects the branches; false removes their protection.
	Protect *bool `json:"protect,omitempty"`
	// RequiredStatusChecks are status contexts that must have succeeded.
	RequiredStatusChecks *StatusChecks `json:"required_status_checks,omitempty"`
	// EnforceAdmins makes all of it hold for administrators too.
	EnforceAdmins *bool `json:"enforce_admins,omitempty"`
	// Restrictions limit who may push; everybody who may write when unset.
	Restrictions *Restrictions `json:"restrictions,omitempty"`
	// RequireManuallyTriggeredJobs requires the jobs that run only when somebody asks
	// for them, and are not optional.
	RequireManuallyTriggeredJobs *bool `json:"require_manually_triggered_jobs,omitempty"`
	// RequiredPullRequestReviews are the reviews that a pull needs.
	RequiredPullRequestReviews *ReviewPolicy `json:"required_pull_request_reviews,omitempty"`
	// RequiredLinearHistory forbids merge commits.
	RequiredLinearHistory *bool `json:"required_linear_history,omitempty"`
	// AllowForcePushes lets those who may write push what is not on top of the branch.
	AllowForcePushes *bool `json:"allow_force_pushes,omitempty"`
	// AllowDeletions lets those who may write delete the branch.
	AllowDeletions *bool `json:"allow_deletions,omitempty"`
	// RequireSignedCommits requires signatures that GitHub has verified.
	RequireSignedCommits *bool `json:"require_signed_commits,omitempty"`
	// Exclude are regular expressions of branches that are left as they are.
	Exclude []string `json:"exclude,omitempty"`
	// Include are regular expressions of the only branches that are looked at. It excludes Exclude.
	Include []string `json:"include,omitempty"`
}

// StatusChecks are status contexts that must have succeeded.
type StatusChecks struct {
	// Contexts are their names. Those of the jobs that always run come to them.
	Contexts []string `json:"contexts,omitempty"`
	// Strict also requires that a pull has all of its base branch.
	Strict *bool `json:"strict,omitempty"`
}

// Restrictions are those who may push.
type Restrictions struct {
	// Apps are the names, as in URLs, of GitHub apps.
	Apps []string `json:"apps,omitempty"`
	// Users are logins.
	Users []string `json:"users,omitempty"`
	// Teams are the names, as in URLs, of teams of the org.
	Teams []string `json:"teams,omitempty"`
}

// ReviewPolicy is the reviews that a pull needs.
type ReviewPolicy struct {
	// DismissalRestrictions limit who may dismiss reviews.
	DismissalRestrictions *UsersAndTeams `json:"dismissal_restrictions,omitempty"`
	// DismissStaleReviews dismisses reviews when there are new commits.
	DismissStaleReviews *bool `json:"dismiss_stale_reviews,omitempty"`
	// RequireCodeOwnerReviews asks for the people in GitHub's file CODEOWNERS.
	RequireCodeOwnerReviews *bool `json:"require_code_owner_reviews,omitempty"`
	// RequiredApprovingReviewCount is how many must approve.
	RequiredApprovingReviewCount *int `json:"required_approving_review_count,omitempty"`
	// BypassPullRequestAllowances are those who may push without a pull.
	BypassPullRequestAllowances *UsersAndTeams `json:"bypass_pull_request_allowances,omitempty"`
}

// UsersAndTeams are people.
type UsersAndTeams struct {
	// Users are logins.
	Users []string `json:"users,omitempty"`
	// Teams are the names, as in URLs, of teams of the org.
	Teams []string `json:"teams,omitempty"`
}
