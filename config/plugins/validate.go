// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"maps"
	"slices"

	"knative.dev/pkg/apis"
)

// Validate reports what contradicts itself, and warns of what is deprecated or does not work.
func (c *Configuration) Validate() *apis.FieldError {
	var errs *apis.FieldError
	return errs.Also(
		validatePlugins(c.Plugins),
		validateExternal(c.ExternalPlugins),
		c.validateListings(),
		each(c.Blockades, "blockades"),
		c.Blunderbuss.Validate().ViaField("blunderbuss"),
		c.Bugzilla.Validate().ViaField("bugzilla"),
		each(c.CherryPickApproved, "cherry_pick_approved"),
		c.CherryPickUnapproved.Validate().ViaField("cherry_pick_unapproved"),
		c.ConfigUpdater.Validate().ViaField("config_updater"),
		c.Heart.Validate().ViaField("heart"),
		each(c.InvalidCommitMsg, "invalid_commit_msg"),
		c.ProjectManager.Validate().ViaField("project_manager"),
		c.validateMilestones(),
		each(c.RequireMatchingLabel, "require_matching_label"),
		c.Rifle.Validate().ViaField("rifle"),
		c.SigMention.Validate().ViaField("sigmention"),
		c.Size.Validate().ViaField("size"),
		each(c.Triggers, "triggers"),
		each(c.Welcome, "welcome"),
	)
}

// validateListings reports entries that list a repo twice. Prow refuses that for some plugins only.
func (c *Configuration) validateListings() *apis.FieldError {
	var errs *apis.FieldError
	return errs.Also(
		repeated(c.Approve, "approve"),
		repeated(c.InvalidCommitMsg, "invalid_commit_msg"),
		repeated(c.Lgtm, "lgtm").At(apis.WarningLevel),
		repeated(c.Triggers, "triggers").At(apis.WarningLevel),
		repeated(c.Welcome, "welcome"),
		repeated(c.Slack.MergeWarnings, "mergewarnings").ViaField("slack").At(apis.WarningLevel),
	)
}

func (c *Configuration) validateMilestones() *apis.FieldError {
	var errs *apis.FieldError
	for _, key := range slices.Sorted(maps.Keys(c.RepoMilestone)) {
		errs = errs.Also(c.RepoMilestone[key].Validate().ViaFieldKey("repo_milestone", key))
	}
	return errs
}

// each validates every entry of a list.
func each[T interface{ Validate() *apis.FieldError }](entries []T, field string) *apis.FieldError {
	var errs *apis.FieldError
	for i, entry := range entries {
		errs = errs.Also(entry.Validate().ViaFieldIndex(field, i))
	}
	return errs
}
