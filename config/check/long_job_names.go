// SPDX-License-Identifier: Apache-2.0

package check

import "k8s.io/apimachinery/pkg/util/validation"

// longJobNames finds names that do not fit in the label of their runs and pods.
func longJobNames(in Input) []Finding {
	var found []Finding
	for j := range in.jobs() {
		if n := len(j.Name); j.onKubernetes() && n > validation.LabelValueMaxLength {
			found = append(found, j.finding("name", "the name has %d characters, and a label holds %d", n, validation.LabelValueMaxLength))
		}
	}
	return found
}
