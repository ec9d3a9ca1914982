// SPDX-License-Identifier: Apache-2.0

package check

import "fmt"

// duplicateJobRefs finds presubmits that clone one repository twice, into the same folder.
func duplicateJobRefs(in Input) []Finding {
	var found []Finding
	for j := range in.jobs() {
		if j.Presubmit == nil {
			continue
		}
		seen := map[string]bool{j.Repo: true}
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
