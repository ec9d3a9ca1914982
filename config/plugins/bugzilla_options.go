// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"cmp"
	"slices"
)

// BugzillaOptions say which bugs are valid for a branch, and what becomes of
// them. Unset means what the less specific options say.
type BugzillaOptions struct {
	// ExcludeDefaults true takes nothing from less specific options.
	ExcludeDefaults *bool `json:"exclude_defaults,omitempty"`
	// EnableBackporting clones the bugs of cherry-picks for their release.
	EnableBackporting *bool `json:"enable_backporting,omitempty"`
	// ValidateByDefault wants a bug of every pull; otherwise of those that name one.
	ValidateByDefault *bool `json:"validate_by_default,omitempty"`
	// IsOpen is whether a valid bug is open.
	IsOpen *bool `json:"is_open,omitempty"`
	// TargetRelease is the release that a valid bug is for.
	TargetRelease *string `json:"target_release,omitempty"`
	// Statuses are an older form of ValidStates, without resolutions.
	Statuses *[]string `json:"statuses,omitempty"`
	// ValidStates are the states that a valid bug may be in.
	ValidStates *[]BugState `json:"valid_states,omitempty"`
	// DependentBugStatuses are an older form of DependentBugStates, without resolutions.
	DependentBugStatuses *[]string `json:"dependent_bug_statuses,omitempty"`
	// DependentBugStates are the states that all bugs that a valid bug depends on may be in.
	DependentBugStates *[]BugState `json:"dependent_bug_states,omitempty"`
	// DependentBugTargetReleases are the releases that they may be for.
	DependentBugTargetReleases *[]string `json:"dependent_bug_target_releases,omitempty"`
	// DependentBugTargetRelease is an older form of DependentBugTargetReleases. It is deprecated.
	DependentBugTargetRelease *string `json:"dependent_bug_target_release,omitempty"`
	// StatusAfterValidation is an older form of StateAfterValidation.
	StatusAfterValidation *string `json:"status_after_validation,omitempty"`
	// StateAfterValidation is the state that a valid bug is put in; it is a valid one too, if there are any.
	StateAfterValidation *BugState `json:"state_after_validation,omitempty"`
	// AddExternalLink links the pull in the bug.
	AddExternalLink *bool `json:"add_external_link,omitempty"`
	// StatusAfterMerge is an older form of StateAfterMerge.
	StatusAfterMerge *string `json:"status_after_merge,omitempty"`
	// StateAfterMerge is the state that a bug is put in when all its pulls are merged.
	StateAfterMerge *BugState `json:"state_after_merge,omitempty"`
	// StateAfterClose is the state that a bug is put in when all its pulls are closed.
	StateAfterClose *BugState `json:"state_after_close,omitempty"`
	// AllowedGroups are groups whose bugs may be linked; those of less specific options may be too.
	AllowedGroups []string `json:"allowed_groups,omitempty"`
}

// BugState is a state of a bug; what is unset may be anything.
type BugState struct {
	// Status is such as NEW or VERIFIED.
	Status string `json:"status,omitempty"`
	// Resolution is such as FIXED or ERRATA.
	Resolution string `json:"resolution,omitempty"`
}

// modern is the options with the older forms turned into the newer.
func (o BugzillaOptions) modern() BugzillaOptions {
	o.ValidStates = withStatuses(o.ValidStates, o.Statuses)
	o.DependentBugStates = withStatuses(o.DependentBugStates, o.DependentBugStatuses)
	if release := o.DependentBugTargetRelease; release != nil {
		var releases []string
		if o.DependentBugTargetReleases != nil {
			releases = slices.Clone(*o.DependentBugTargetReleases)
		}
		if !slices.Contains(releases, *release) {
			releases = append(releases, *release)
		}
		o.DependentBugTargetReleases = &releases
	}
	if o.StateAfterValidation == nil && o.StatusAfterValidation != nil {
		o.StateAfterValidation = &BugState{Status: *o.StatusAfterValidation}
	}
	if o.StateAfterMerge == nil && o.StatusAfterMerge != nil {
		o.StateAfterMerge = &BugState{Status: *o.StatusAfterMerge}
	}
	o.Statuses, o.DependentBugStatuses, o.DependentBugTargetRelease = nil, nil, nil
	o.StatusAfterValidation, o.StatusAfterMerge = nil, nil
	return o
}

// withStatuses adds states without resolutions, and puts all in order.
func withStatuses(states *[]BugState, statuses *[]string) *[]BugState {
	if statuses == nil {
		return states
	}
	var all []BugState
	if states != nil {
		all = slices.Clone(*states)
	}
	for _, status := range *statuses {
		all = append(all, BugState{Status: status})
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b BugState) int {
		return cmp.Or(cmp.Compare(a.Status, b.Status), cmp.Compare(a.Resolution, b.Resolution))
	})
	all = slices.Compact(all)
	return &all
}

// over is these options, with less specific ones where they say nothing. Both are in the newer form.
func (o BugzillaOptions) over(less BugzillaOptions) BugzillaOptions {
	if o.ExcludeDefaults != nil && *o.ExcludeDefaults {
		return o
	}
	o.ExcludeDefaults = cmp.Or(o.ExcludeDefaults, less.ExcludeDefaults)
	o.EnableBackporting = cmp.Or(o.EnableBackporting, less.EnableBackporting)
	o.ValidateByDefault = cmp.Or(o.ValidateByDefault, less.ValidateByDefault)
	o.IsOpen = cmp.Or(o.IsOpen, less.IsOpen)
	o.TargetRelease = cmp.Or(o.TargetRelease, less.TargetRelease)
	o.ValidStates = cmp.Or(o.ValidStates, less.ValidStates)
	o.DependentBugStates = cmp.Or(o.DependentBugStates, less.DependentBugStates)
	o.DependentBugTargetReleases = cmp.Or(o.DependentBugTargetReleases, less.DependentBugTargetReleases)
	o.StateAfterValidation = cmp.Or(o.StateAfterValidation, less.StateAfterValidation)
	o.AddExternalLink = cmp.Or(o.AddExternalLink, less.AddExternalLink)
	o.StateAfterMerge = cmp.Or(o.StateAfterMerge, less.StateAfterMerge)
	o.StateAfterClose = cmp.Or(o.StateAfterClose, less.StateAfterClose)
	groups := slices.Sorted(slices.Values(slices.Concat(less.AllowedGroups, o.AllowedGroups)))
	o.AllowedGroups = slices.Compact(groups)
	return o
}
