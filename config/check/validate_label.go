// SPDX-License-Identifier: Apache-2.0

package check

import (
	"fmt"
	"maps"
	"slices"
)

// validateLabel finds restricted labels that restrict nothing.
func validateLabel(in Input) []Finding {
	var found []Finding
	label := in.Plugins.Label
	for _, key := range slices.Sorted(maps.Keys(label.RestrictedLabels)) {
		for i, restricted := range label.RestrictedLabels[key] {
			path := fmt.Sprintf("label.restricted_labels[%s][%d].label", key, i)
			switch {
			case restricted.Label == "":
				found = append(found, inPlugins(path, "is empty"))
			case slices.Contains(label.AdditionalLabels, restricted.Label):
				found = append(found, inPlugins(path, "%q is one of label.additional_labels too, which everybody may set", restricted.Label))
			}
		}
	}
	return found
}
