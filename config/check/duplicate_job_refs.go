// SPDX-License-Identifier: Apache-2.0

package check

import "fmt"

// duplicateJobRefs finds presubmits that clone one repository twice, into the same folder.
func duplicateJobRefs(in Input) []Finding {
	var found []Finding
	for j := range presubmits(in.Config) {
		seen := map[string]bool{j.repo: true}
		for i, refs := range j.ExtraRefs {
			repo := refs.OrgRepo()
			if seen[repo] {
				found = append(found, j.finding(fmt.Sprintf("extra_refs[%d]", i), "%s is cloned already", repo))
			}
			seen[repo] = true
		}
	}
	return found
}
