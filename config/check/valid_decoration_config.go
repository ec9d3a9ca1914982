// SPDX-License-Identifier: Apache-2.0

package check

import "github.com/cutwater-ci/cutwater/config/document"

// validDecorationConfig finds decorations that are not valid, also of jobs that loading does not look into.
func validDecorationConfig(in Input) []Finding {
	var found []Finding
	for j := range in.jobs() {
		if !j.onKubernetes() || j.Decorate == nil || !*j.Decorate || j.DecorationConfig == nil {
			continue
		}
		for path, message := range document.FieldErrors(j.DecorationConfig.Validate().ViaField("decoration_config")) {
			found = append(found, j.finding(path, "%s", message))
		}
	}
	return found
}
