// SPDX-License-Identifier: Apache-2.0

package check

import (
	"fmt"
	"slices"
)

// needsOkToTest finds queries that wait for a label that keeps strangers'
// jobs from running, where lgtm has them run: what has lgtm has been trusted.
func needsOkToTest(in Input) []Finding {
	var found []Finding
	for _, q := range in.Queries {
		if i := slices.Index(q.MissingLabels, "needs-ok-to-test"); i >= 0 && slices.Contains(q.Labels, "lgtm") {
			found = append(found, q.finding(fmt.Sprintf("missingLabels[%d]", i), "lgtm is required, which makes the jobs of strangers run; forbidding needs-ok-to-test only delays their pulls"))
		}
	}
	return found
}
