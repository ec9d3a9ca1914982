// SPDX-License-Identifier: Apache-2.0

package check

import (
	"slices"

	"github.com/cutwater-ci/cutwater/config"
)

// gate is a label that a plugin is in charge of, and tide waits for.
type gate struct {
	plugin, label string
	// forbidden is whether the label keeps a pull from being merged; otherwise it must be there.
	forbidden bool
	// external is whether the plugin runs elsewhere.
	external bool
	// oneWay is whether tide can do without the label where the plugin is enabled.
	oneWay bool
}

// gates are those of Prow's plugins; the first two are the lenient ones.
func gates() []gate {
	return []gate{
		{plugin: "lgtm", label: "lgtm"},
		{plugin: "approve", label: "approved"},
		{plugin: "hold", label: "do-not-merge/hold", forbidden: true},
		{plugin: "wip", label: "do-not-merge/work-in-progress", forbidden: true},
		{plugin: "bugzilla", label: "bugzilla/invalid-bug", forbidden: true},
		{plugin: "verify-owners", label: "do-not-merge/invalid-owners-file", forbidden: true},
		{plugin: "release-note", label: "do-not-merge/release-note-label-needed", forbidden: true},
		{plugin: "cherry-pick-unapproved", label: "do-not-merge/cherry-pick-not-approved", forbidden: true},
		{plugin: "blockade", label: "do-not-merge/blocked-paths", forbidden: true},
		// Tide merges nothing that has conflicts, whatever its queries say.
		{plugin: "needs-rebase", label: "needs-rebase", forbidden: true, external: true, oneWay: true},
	}
}

// mismatchedTide finds labels that tide waits for and nobody sets, and those that are set and tide does not look at.
func mismatchedTide(in Input) []Finding { return mismatched(in, gates()) }

// mismatchedTideLenient is mismatchedTide for the labels that must be there.
func mismatchedTideLenient(in Input) []Finding { return mismatched(in, gates()[:2]) }

func mismatched(in Input, gates []gate) []Finding {
	all := searched(in.Config.Tide.Queries, anyQuery)
	var found []Finding
	for _, g := range gates {
		waits := searched(in.Config.Tide.Queries, g.heeds)
		acts := g.acts(in)
		for _, item := range waits.minus(acts).items() {
			found = append(found, g.notEnabled(in, item))
		}
		if g.oneWay {
			continue
		}
		for _, item := range acts.and(all).minus(waits).items() {
			found = append(found, g.notHeeded(in, item))
		}
	}
	return found
}

// heeds reports whether a query looks at the label.
func (g gate) heeds(q config.TideQuery) bool {
	if g.forbidden {
		return slices.Contains(q.MissingLabels, g.label)
	}
	return slices.Contains(q.Labels, g.label)
}

func (g gate) acts(in Input) repoSet {
	if g.external {
		return enabledExternal(in.Plugins, g.plugin)
	}
	return enabled(in.Plugins, g.plugin)
}

func (g gate) verb() string {
	if g.forbidden {
		return "forbid"
	}
	return "require"
}

// notEnabled is at the query that waits in vain.
func (g gate) notEnabled(in Input, item repoItem) Finding {
	const format = "tide's queries for %v %s the label %s, but the plugin %s is not enabled there"
	for _, q := range in.Queries {
		if place := q.place(item.name); place != "" && g.heeds(q.TideQuery) {
			return q.finding(place, format, item, g.verb(), g.label, g.plugin)
		}
	}
	return inConfig("tide.queries", format, item, g.verb(), g.label, g.plugin)
}

// notHeeded is at the plugins of who thinks that the label matters.
func (g gate) notHeeded(in Input, item repoItem) Finding {
	return inPlugins(pluginsPlace(in.Plugins, item.name),
		"the plugin %s is enabled for %v, but no query of tide there %ss the label %s", g.plugin, item, g.verb(), g.label)
}
