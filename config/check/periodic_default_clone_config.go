// SPDX-License-Identifier: Apache-2.0

package check

// periodicCloneConfig finds periodics that say how to clone a repository that they do not have.
func periodicCloneConfig(in Input) []Finding {
	var found []Finding
	for j := range in.jobs() {
		if j.Periodic == nil {
			continue
		}
		for field, set := range map[string]bool{"clone_depth": j.CloneDepth != 0, "clone_uri": j.CloneURI != "", "path_alias": j.PathAlias != ""} {
			if set {
				found = append(found, j.finding(field, "has no effect, since a periodic has no repository of its own; set it in extra_refs"))
			}
		}
	}
	return found
}
