// SPDX-License-Identifier: Apache-2.0

package plugins_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/config/plugins"
)

// check compares what a lookup finds.
func check(t *testing.T, name string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestPluginsOfRepos(t *testing.T) {
	c := load(t, `
-- plugins.yaml --
plugins:
  org: {plugins: [trigger, hold], excluded_repos: [quiet]}
  org/repo: {plugins: [lgtm]}
external_plugins:
  org:
  - {name: refresh}
triggers:
- {repos: [org], trusted_org: org}
- {repos: [org/repo], only_org_members: true}
- {repos: [org/repo], ignore_ok_to_test: true}
-- more/one/_pluginconfig.yaml --
plugins:
  org/quiet: [size]
external_plugins:
  org/repo: [{name: needs-rebase, endpoint: "http://rebase:8888", events: [pull_request]}]
triggers:
- {repos: [other/repo], trusted_apps: [app]}
`)
	check(t, "of an org", c.PluginsFor("org", "any"), []string{"trigger", "hold"})
	check(t, "of a repo", c.PluginsFor("org", "repo"), []string{"trigger", "hold", "lgtm"})
	check(t, "of an excluded repo", c.PluginsFor("org", "quiet"), []string{"size"})
	check(t, "of another org", c.PluginsFor("other", "repo"), []string(nil))
	check(t, "enabled", []bool{c.Enabled("org", "repo", "lgtm"), c.Enabled("org", "any", "lgtm")}, []bool{true, false})
	check(t, "external", c.ExternalPluginsFor("org", "repo"), []plugins.ExternalPlugin{
		{Name: "refresh", Endpoint: "http://refresh"},
		{Name: "needs-rebase", Endpoint: "http://rebase:8888", Events: []string{"pull_request"}},
	})
	check(t, "trigger of the repo", c.TriggerFor("org", "repo"), plugins.Trigger{Repos: []string{"org/repo"}, OnlyOrgMembers: true})
	check(t, "trigger of the org", c.TriggerFor("org", "any"), plugins.Trigger{Repos: []string{"org"}, TrustedOrg: "org", JoinOrgURL: "https://github.com/orgs/org/people"})
	check(t, "trigger of another", c.TriggerFor("other", "repo").TrustedApps, []string{"app"})
	check(t, "no trigger", c.TriggerFor("none", "repo"), plugins.Trigger{})
	orgs, repos := c.Repos()
	check(t, "orgs", orgs, []string{"org"})
	check(t, "repos", repos, []string{"org/quiet", "org/repo"})
}

func TestReviewSettings(t *testing.T) {
	c := load(t, `
approve:
- {repos: [org], lgtm_acts_as_approve: true}
- {repos: [org/repo], require_self_approval: true, ignore_review_state: true, commandHelpLink: "https://help", pr_process_link: "https://process"}
lgtm:
- {repos: [org], review_acts_as_lgtm: true}
- {repos: [org/repo], store_tree_hash: true}
owners:
  mdyamlrepos: [org/repo]
  skip_collaborators: [org]
  labels_denylist: []
  filenames:
    org: {owners: CODEOWNERS}
    org/repo: {owners: A, owners_aliases: B}
blunderbuss: {wait_for_status: {state: success}}
override: {allowed_github_teams: {org: [leads], org/repo: [friends]}}
cherry_pick_approved:
- {org: org, repo: repo, approvers: [ann]}
- {org: org, repo: repo, approvers: [bob], branchregexp: ^v}
`)
	const help, process = "https://go.k8s.io/bot-commands", "https://git.k8s.io/community/contributors/guide/owners.md#the-code-review-process"
	org, repo, none := c.ApproveFor("org", "any"), c.ApproveFor("org", "repo"), c.ApproveFor("none", "repo")
	check(t, "approve of the org", org, plugins.Approve{Repos: []string{"org"}, LgtmActsAsApprove: true, CommandHelpLink: help, PRProcessLink: process})
	check(t, "approve of the repo", []string{repo.CommandHelpLink, repo.PRProcessLink}, []string{"https://help", "https://process"})
	check(t, "approve of another", none, plugins.Approve{CommandHelpLink: help, PRProcessLink: process})
	check(t, "self approval", []bool{org.SelfApproval(), repo.SelfApproval()}, []bool{true, false})
	check(t, "review state", []bool{org.ReviewState(), repo.ReviewState()}, []bool{true, false})
	check(t, "lgtm", []bool{c.LgtmFor("org", "any").ReviewActsAsLgtm, c.LgtmFor("org", "repo").ReviewActsAsLgtm, c.LgtmFor("org", "repo").StoreTreeHash}, []bool{true, false, true})
	check(t, "markdown", []bool{c.Owners.Markdown("org", "repo"), c.Owners.Markdown("org", "any")}, []bool{true, false})
	check(t, "collaborators", []bool{c.Owners.SkipsCollaborators("org", "any"), c.Owners.SkipsCollaborators("none", "any")}, []bool{true, false})
	check(t, "labels", len(c.Owners.LabelsDenylist), 0)
	check(t, "filenames of the org", c.Owners.FilenamesFor("org", "any"), plugins.OwnersFilenames{Owners: "CODEOWNERS", OwnersAliases: "OWNERS_ALIASES"})
	check(t, "filenames of the repo", c.Owners.FilenamesFor("org", "repo"), plugins.OwnersFilenames{Owners: "A", OwnersAliases: "B"})
	check(t, "filenames", c.Owners.FilenamesFor("none", "any"), plugins.OwnersFilenames{Owners: "OWNERS", OwnersAliases: "OWNERS_ALIASES"})
	check(t, "wait for", *c.Blunderbuss.WaitForStatus, plugins.WaitForStatus{
		Context: "tide", State: "success",
		Description: `Not mergeable. (PullRequest is missing sufficient approving GitHub review\(s\)|Needs (lgtm|approved|approved, lgtm) labels?)\.?`,
	})
	check(t, "teams", c.Override.TeamsFor("org", "repo"), []string{"friends", "leads"})
	approved, ok := c.CherryPickApprovedFor("org", "repo")
	check(t, "cherry-pick", []any{ok, approved.Approvers, approved.OnBranch("v1"), approved.OnBranch("release-1.0")}, []any{true, []string{"bob"}, true, false})
	_, ok = c.CherryPickApprovedFor("org", "any")
	check(t, "no cherry-pick", []bool{ok, c.CherryPickUnapproved.OnBranch("release-1.0"), c.CherryPickUnapproved.OnBranch("main")}, []bool{false, true, false})
}

func TestLabelSettings(t *testing.T) {
	c := load(t, `
label:
  restricted_labels:
    "*": [{label: Special, allowed_teams: [all]}]
    org: [{label: special, allowed_teams: [some]}]
    org/repo: [{label: other, allowed_users: [ann], assign_on: [{label: x}]}]
require_matching_label:
- {org: org, prs: true, regexp: ^kind/, missing_label: needs-kind}
- {org: org, repo: repo, prs: true, branch: main, regexp: ^area/, missing_label: needs-area, grace_period: 60s}
- {org: org, repo: repo, issues: true, regexp: ^sig/, missing_label: needs-sig}
size: {xxl: 5000}
blockades:
- {repos: [org], blockregexps: [^a]}
- {repos: [org/repo], branchregexp: ^release-, blockregexps: [^b]}
branch_cleaner: {preserved_branches: {org: [main, "a+b("], org/repo: [release-.*]}}
`)
	restricted := func(org, repo string) map[string]int {
		found := map[string]int{}
		for name, label := range c.Label.RestrictedFor(org, repo) {
			found[name] = len(label.AllowedTeams) + 10*len(label.AllowedUsers) + 100*len(label.AssignOn)
		}
		return found
	}
	check(t, "restricted", restricted("org", "repo"), map[string]int{"special": 1, "other": 110})
	check(t, "narrowest", c.Label.RestrictedFor("org", "any")["special"].AllowedTeams, []string{"some"})
	check(t, "widest", c.Label.RestrictedFor("none", "any")["special"].AllowedTeams, []string{"all"})
	required := func(org, repo, branch string) (labels []string) {
		for _, r := range c.RequireMatchingLabelsFor(org, repo, branch) {
			labels = append(labels, r.MissingLabel)
		}
		return labels
	}
	check(t, "of main", required("org", "repo", "main"), []string{"needs-kind", "needs-area"})
	check(t, "of a branch", required("org", "repo", "v1"), []string{"needs-kind"})
	check(t, "of issues", required("org", "repo", ""), []string{"needs-sig"})
	check(t, "of another org", required("none", "repo", "main"), []string(nil))
	rule := c.RequireMatchingLabel[1]
	check(t, "rule", []any{rule.Grace(), c.RequireMatchingLabel[0].Grace(), rule.Matches("area/x"), rule.Matches("x")}, []any{time.Minute, 5 * time.Second, true, false})
	check(t, "sizes", c.Size.Bounds(), plugins.Size{S: 10, M: 30, L: 100, XL: 500, XXL: 5000})
	blocked := func(org, repo, branch string) int { return len(c.BlockadesFor(org, repo, branch)) }
	check(t, "blockades", []int{blocked("org", "repo", "release-1"), blocked("org", "repo", "main"), blocked("none", "repo", "main")}, []int{2, 1, 0})
	kept := func(repo, branch string) bool { return c.BranchCleaner.Preserved("org", repo, branch) }
	check(t, "branches", []bool{kept("repo", "my-release-1"), kept("any", "release-1"), kept("repo", "main2"), kept("any", "a+b("), kept("any", "b")}, []bool{true, false, true, true, false})
}

func TestOtherSettings(t *testing.T) {
	c := load(t, `
dco:
  "*": {trusted_org: friends}
  org: {contributing_branch: main, contributing_path: docs/C.md, contributing_repo: a/b}
  org/none: ~
welcome:
- {repos: [org], message_template: hello}
invalid_commit_msg:
- {repos: [org], checks: [{name: fixupPrefix, disabled: true}]}
- {repos: [org/repo]}
repo_milestone:
  "": {maintainers_team: all}
  org/repo: {maintainers_team: some, maintainers_friendly_name: Some}
milestone_applier: {org/repo: {main: 1.10, release-1: v1.1}}
project_config:
  project_org_configs:
    org: {org_maintainers_team_id: 1, org_default_column_map: {a: b}, project_repo_configs: {repo: {repo_maintainers_team_id: 2}}}
slack: {mergewarnings: [{repos: [org], channels: [a]}, {repos: [org/repo], channels: [b]}]}
golint: {minimum_confidence: 0}
`)
	check(t, "dco of the org", c.DCOFor("org", "none"), plugins.DCO{TrustedOrg: "org", ContributingRepo: "a/b", ContributingBranch: "main", ContributingPath: "docs/C.md"})
	check(t, "dco of all", c.DCOFor("any", "repo"), plugins.DCO{TrustedOrg: "friends", ContributingRepo: "any/repo", ContributingBranch: "master", ContributingPath: "CONTRIBUTING.md"})
	check(t, "welcome", []string{c.WelcomeFor("org", "repo").MessageTemplate, c.WelcomeFor("any", "repo").MessageTemplate}, []string{"hello", ""})
	checked := func(repo string) bool { return c.InvalidCommitMsgFor("org", repo).Checked(plugins.CheckFixupPrefix) }
	check(t, "checks", []bool{checked("any"), checked("repo"), c.InvalidCommitMsgFor("org", "any").Checked(plugins.CheckIssueClosingKeywords)}, []bool{false, true, true})
	own, _ := c.MilestoneFor("org", "repo")
	all, ok := c.MilestoneFor("any", "repo")
	check(t, "milestones", []plugins.Milestone{own, all}, []plugins.Milestone{
		{MaintainersTeam: "some", MaintainersFriendlyName: "Some"}, {MaintainersTeam: "all", MaintainersFriendlyName: "SIG Chairs/TLs"},
	})
	_, none := (&plugins.Configuration{}).MilestoneFor("any", "repo")
	check(t, "no milestones", []bool{ok, none}, []bool{true, false})
	check(t, "a number becomes a title", []string{c.MilestoneOn("org", "repo", "main"), c.MilestoneOn("org", "repo", "x")}, []string{"1.1", ""})
	check(t, "projects of the org", c.ProjectConfig.For("org", "any"), plugins.ProjectRepo{MaintainerTeamID: 1, ProjectColumnMap: map[string]string{"a": "b"}})
	check(t, "projects of the repo", c.ProjectConfig.For("org", "repo"), plugins.ProjectRepo{MaintainerTeamID: 2})
	check(t, "projects of another", c.ProjectConfig.For("any", "repo"), plugins.ProjectRepo{MaintainerTeamID: -1})
	warning, ok := c.Slack.MergeWarningFor("org", "repo")
	_, none = c.Slack.MergeWarningFor("any", "repo")
	check(t, "warnings", []any{warning.Channels, ok, none}, []any{[]string{"b"}, true, false})
	check(t, "confidence", []float64{c.Golint.Confidence(), plugins.Golint{}.Confidence()}, []float64{0, 0.8})
}
