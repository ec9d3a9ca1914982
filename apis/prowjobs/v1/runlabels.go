// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"maps"
	"path"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// RunLabels are the labels of a run of this spec, its ProwJob and its pod;
// later ones of more win. A value that is no label value (https://host/org,
// feature/x) becomes the last element of its path or, if that is none either,
// is left out.
func (s *ProwJobSpec) RunLabels(more ...map[string]string) map[string]string {
	labels := map[string]string{
		CreatedByProwLabel: "true",
		TypeLabel:          string(s.Type),
		JobLabel:           shortened(s.Job),
		ContextLabel:       shortened(s.Context),
	}
	if refs := s.MainRefs(); refs != nil {
		labels[OrgLabel] = refs.Org
		labels[RepoLabel] = refs.Repo
		labels[BaseRefLabel] = refs.BaseRef
		if len(refs.Pulls) > 0 {
			labels[PullLabel] = strconv.Itoa(refs.Pulls[0].Number)
		}
	}
	for _, m := range more {
		maps.Copy(labels, m)
	}
	for key, value := range labels {
		if isLabelValue(value) {
			continue
		}
		if base := path.Base(value); isLabelValue(base) {
			labels[key] = base
		} else {
			delete(labels, key)
		}
	}
	return labels
}

// RunAnnotations are the annotations of a run of this spec, its ProwJob and its
// pod; later ones of more win.
func (s *ProwJobSpec) RunAnnotations(more ...map[string]string) map[string]string {
	annotations := map[string]string{JobLabel: s.Job, ContextLabel: s.Context}
	for _, m := range more {
		maps.Copy(annotations, m)
	}
	return annotations
}

// shortened cuts a name to the length of a label's value.
func shortened(name string) string {
	if len(name) <= validation.LabelValueMaxLength {
		return name
	}
	return strings.TrimRight(name[:validation.LabelValueMaxLength], "._-")
}

func isLabelValue(value string) bool { return len(validation.IsValidLabelValue(value)) == 0 }
