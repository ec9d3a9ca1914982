// SPDX-License-Identifier: Apache-2.0

package plugins

import "github.com/cutwater-ci/cutwater/config/document"

// Rest is the top-level keys of plugins.yaml that have no type yet, as they are
// written; nodes of keys that are not there are zero.
type Rest struct {
	Owners               document.Node `json:"owners"`
	Approve              document.Node `json:"approve"`
	Blockades            document.Node `json:"blockades"`
	Blunderbuss          document.Node `json:"blunderbuss"`
	Rifle                document.Node `json:"rifle"`
	Bugzilla             document.Node `json:"bugzilla"`
	BranchCleaner        document.Node `json:"branch_cleaner"`
	Cat                  document.Node `json:"cat"`
	CherryPickApproved   document.Node `json:"cherry_pick_approved"`
	CherryPickUnapproved document.Node `json:"cherry_pick_unapproved"`
	ConfigUpdater        document.Node `json:"config_updater"`
	Dco                  document.Node `json:"dco"`
	Golint               document.Node `json:"golint"`
	Goose                document.Node `json:"goose"`
	Heart                document.Node `json:"heart"`
	Label                document.Node `json:"label"`
	Lgtm                 document.Node `json:"lgtm"`
	Jira                 document.Node `json:"jira"`
	MilestoneApplier     document.Node `json:"milestone_applier"`
	ReleaseNote          document.Node `json:"release_note"`
	RepoMilestone        document.Node `json:"repo_milestone"`
	ProjectConfig        document.Node `json:"project_config"`
	ProjectManager       document.Node `json:"project_manager"`
	RequireMatchingLabel document.Node `json:"require_matching_label"`
	Retitle              document.Node `json:"retitle"`
	Slack                document.Node `json:"slack"`
	SigMention           document.Node `json:"sigmention"`
	Size                 document.Node `json:"size"`
	Welcome              document.Node `json:"welcome"`
	Override             document.Node `json:"override"`
	Help                 document.Node `json:"help"`
	InvalidCommitMsg     document.Node `json:"invalid_commit_msg"`

	// Supplements are the supplemental files. Each has only keys that may be there.
	Supplements []document.Node `json:"-"`
}
