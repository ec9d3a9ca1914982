// SPDX-License-Identifier: Apache-2.0

package check

import "slices"

// unknownFields finds keys that mean nothing in the two main files.
func unknownFields(in Input) []Finding {
	var found []Finding
	for _, f := range unknownFieldsAll(in) {
		if slices.Contains([]string{in.Files.Config.Config, in.Files.Plugins.Config}, f.File) {
			found = append(found, f)
		}
	}
	return found
}
