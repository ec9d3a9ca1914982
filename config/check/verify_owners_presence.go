// SPDX-License-Identifier: Apache-2.0

package check

import (
	"maps"
	"slices"
)

// OwnersRepos are the repos, and the orgs whose repos, must be asked for to know Facts.RootOwners.
func OwnersRepos(in Input) (orgs, repos []string) {
	set := readsOwners(in)
	return slices.Sorted(maps.Keys(set.without)), slices.Sorted(maps.Keys(set.repos))
}

// ownersPresence finds repos that have plugins for OWNERS files, but no such file.
func ownersPresence(in Input) []Finding {
	var found []Finding
	missing := func(repo string) {
		if has, asked := in.Facts.RootOwners[repo]; asked && !has {
			found = append(found, inPlugins(pluginsPlace(in.Plugins, repo), "%s has a plugin that reads OWNERS files, but no OWNERS at its root", repo))
		}
	}
	set := readsOwners(in)
	for _, org := range slices.Sorted(maps.Keys(set.without)) {
		for _, repo := range in.Facts.OrgRepos[org] {
			if set.has(repo) {
				missing(repo)
			}
		}
	}
	for _, repo := range slices.Sorted(maps.Keys(set.repos)) {
		missing(repo)
	}
	return found
}
