// SPDX-License-Identifier: Apache-2.0

package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// configUpdaterACLs finds repositories that none can be.
func configUpdaterACLs(in Input) []Finding {
	var found []Finding
	all := in.Plugins.ConfigUpdater.Maps
	for _, glob := range slices.Sorted(maps.Keys(all)) {
		lists := []struct {
			field   string
			entries []string
		}{{"allowed_repos", all[glob].AllowedRepos}, {"denied_repos", all[glob].DeniedRepos}}
		for _, list := range lists {
			for i, entry := range list.entries {
				org, repo, isRepo := strings.Cut(entry, "/")
				if org == "" || isRepo && repo == "" || strings.Contains(repo, "/") {
					found = append(found, inPlugins(fmt.Sprintf("config_updater.maps[%s].%s[%d]", glob, list.field, i), "%q is neither an org nor an org/repo", entry))
				}
			}
		}
	}
	return found
}
