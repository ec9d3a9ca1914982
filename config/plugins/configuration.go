// SPDX-License-Identifier: Apache-2.0

// Package plugins is plugins.yaml: which plugins act on which repos, and how
// each is configured. It reads, defaults and validates it, all errors in one
// run with file, line and path, and keeps an immutable snapshot that is
// replaced when the files change.
//
// One file per top-level key, of plugins that do not exist yet too. Changes:
// nothing. In Prow: pkg/plugins, config.go.
package plugins

import "github.com/cutwater-ci/cutwater/config/document"

// Configuration is one state of plugins.yaml, with all defaults. It is immutable.
type Configuration struct {
	// Plugins says which plugins act where, by org or org/repo. A repo has those of its org and its own.
	Plugins map[string]OrgPlugins `json:"plugins,omitempty"`
	// ExternalPlugins says which plugins that run elsewhere hear of what, by org or org/repo.
	ExternalPlugins map[string][]ExternalPlugin `json:"external_plugins,omitempty"`
	// Owners says how OWNERS files are read.
	Owners Owners `json:"owners"`

	// Approve configures approve.
	Approve []Approve `json:"approve,omitempty"`
	// Blockades configures blockade.
	Blockades []Blockade `json:"blockades,omitempty"`
	// Blunderbuss configures blunderbuss.
	Blunderbuss Blunderbuss `json:"blunderbuss"`
	// BranchCleaner configures branchcleaner.
	BranchCleaner BranchCleaner `json:"branch_cleaner"`
	// Bugzilla configures bugzilla.
	Bugzilla Bugzilla `json:"bugzilla"`
	// Cat configures cat.
	Cat Cat `json:"cat"`
	// CherryPickApproved configures cherry-pick-approved.
	CherryPickApproved []CherryPickApproved `json:"cherry_pick_approved,omitempty"`
	// CherryPickUnapproved configures cherry-pick-unapproved.
	CherryPickUnapproved CherryPickUnapproved `json:"cherry_pick_unapproved"`
	// ConfigUpdater configures config-updater.
	ConfigUpdater ConfigUpdater `json:"config_updater"`
	// DCO configures dco, by "*", org or org/repo. The narrowest counts; they are not merged.
	DCO map[string]*DCO `json:"dco,omitempty"`
	// Golint configures golint.
	Golint Golint `json:"golint"`
	// Goose configures goose.
	Goose Goose `json:"goose"`
	// Heart configures heart.
	Heart Heart `json:"heart"`
	// Help configures help.
	Help Help `json:"help"`
	// InvalidCommitMsg configures invalidcommitmsg.
	InvalidCommitMsg []InvalidCommitMsg `json:"invalid_commit_msg,omitempty"`
	// Jira configures jira.
	Jira *Jira `json:"jira,omitempty"`
	// Label configures label.
	Label Label `json:"label"`
	// Lgtm configures lgtm.
	Lgtm []Lgtm `json:"lgtm,omitempty"`
	// MilestoneApplier configures milestoneapplier, by org/repo.
	MilestoneApplier map[string]BranchMilestones `json:"milestone_applier,omitempty"`
	// Override configures override.
	Override Override `json:"override"`
	// ProjectConfig configures project.
	ProjectConfig ProjectConfig `json:"project_config"`
	// ProjectManager configures project-manager.
	ProjectManager ProjectManager `json:"project_manager"`
	// ReleaseNote configures release-note.
	ReleaseNote ReleaseNote `json:"release_note"`
	// RepoMilestone configures milestone and milestonestatus, by org/repo, or "" for all others.
	RepoMilestone map[string]Milestone `json:"repo_milestone,omitempty"`
	// RequireMatchingLabel configures require-matching-label. All entries for a repo count.
	RequireMatchingLabel []RequireMatchingLabel `json:"require_matching_label,omitempty"`
	// Retitle configures retitle.
	Retitle Retitle `json:"retitle"`
	// Rifle configures rifle.
	Rifle Blunderbuss `json:"rifle"`
	// SigMention configures sigmention.
	SigMention SigMention `json:"sigmention"`
	// Size configures size.
	Size Size `json:"size"`
	// Slack configures slackevents.
	Slack Slack `json:"slack"`
	// Triggers configures trigger.
	Triggers []Trigger `json:"triggers,omitempty"`
	// Welcome configures welcome.
	Welcome []Welcome `json:"welcome,omitempty"`

	// Unknown is names of plugins that nobody has. They do nothing; who checks a
	// configuration refuses it for them, as Prow does.
	Unknown []document.Problem `json:"-"`
	// Warnings is what is probably a mistake and does no harm, such as keys that
	// nobody knows: where Prow is strict, it refuses that.
	Warnings []document.Problem `json:"-"`
	// Notices is what is good to know, and no mistake even where Prow is strict:
	// what is deprecated, what does not work, and plugins that are not there yet.
	Notices []document.Problem `json:"-"`
}

// Odd is all that is worth a line in a log: Unknown, Warnings and Notices.
func (c *Configuration) Odd() []document.Problem {
	var all document.Problems
	all = append(append(append(all, c.Unknown...), c.Warnings...), c.Notices...)
	return all.Sorted()
}

func (c *Configuration) setDefaults() {
	for _, list := range c.ExternalPlugins {
		for i := range list {
			list[i].setDefaults()
		}
	}
	for i := range c.Triggers {
		c.Triggers[i].setDefaults()
	}
	for i := range c.CherryPickApproved {
		c.CherryPickApproved[i].setDefaults()
	}
	for i := range c.RequireMatchingLabel {
		c.RequireMatchingLabel[i].setDefaults()
	}
	c.Owners.setDefaults()
	c.Blunderbuss.setDefaults()
	c.CherryPickUnapproved.setDefaults()
	c.ConfigUpdater.setDefaults()
	c.Help.setDefaults()
	c.ReleaseNote.setDefaults()
	c.Rifle.setDefaults()
	c.SigMention.setDefaults()
}

// fill sets what is the zero value.
func fill[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}
