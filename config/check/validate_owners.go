// SPDX-License-Identifier: Apache-2.0

package check

import "strings"

// ownersPlugins are the plugins that read OWNERS files.
func ownersPlugins() []string { return []string{"approve", "blunderbuss", "rifle", "owners-label"} }

// readsOwners is where any plugin reads OWNERS files.
func readsOwners(in Input) repoSet {
	set := newRepoSet()
	for _, plugin := range ownersPlugins() {
		set.addAll(enabled(in.Plugins, plugin))
	}
	return set
}

// validateOwners finds repos in which a pull can break the OWNERS files.
func validateOwners(in Input) []Finding {
	var found []Finding
	for _, item := range readsOwners(in).minus(enabled(in.Plugins, "verify-owners")).items() {
		found = append(found, inPlugins(pluginsPlace(in.Plugins, item.name),
			"%v has a plugin that reads OWNERS files (one of %s), but not verify-owners", item, strings.Join(ownersPlugins(), ", ")))
	}
	return found
}
