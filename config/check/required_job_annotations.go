// SPDX-License-Identifier: Apache-2.0

package check

// requiredJobAnnotations finds jobs without annotations that every job must have.
func requiredJobAnnotations(in Input) []Finding {
	var found []Finding
	for j := range in.jobs() {
		for _, name := range in.Annotations {
			if _, ok := j.Annotations[name]; !ok {
				found = append(found, j.finding("annotations", "the annotation %s is missing", name))
			}
		}
	}
	return found
}
