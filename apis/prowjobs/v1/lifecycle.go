// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"cmp"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Complete reports whether the run has ended.
func (j *ProwJob) Complete() bool { return j.Status.CompletionTime != nil }

// SetComplete marks the run as ended at now; a run ends once.
func (j *ProwJob) SetComplete(now time.Time) {
	if j.Status.CompletionTime == nil {
		j.Status.CompletionTime = &metav1.Time{Time: now}
	}
}

// Compare orders runs by the time at which they were made. Of that the API server
// keeps the second; within one, their build IDs tell, which grow.
func (j *ProwJob) Compare(other *ProwJob) int {
	return cmp.Or(
		j.Status.StartTime.Compare(other.Status.StartTime.Time),
		j.CreationTimestamp.Compare(other.CreationTimestamp.Time),
		cmp.Compare(j.progress(), other.progress()),
		cmp.Compare(len(j.Status.BuildID), len(other.Status.BuildID)),
		cmp.Compare(j.Status.BuildID, other.Status.BuildID),
		cmp.Compare(j.Name, other.Name),
	)
}

// progress tells runs without a build ID, which have no pod: one that waits for
// it is newer than those that have one, and one that ended never had a turn.
func (j *ProwJob) progress() int {
	switch {
	case j.Status.BuildID != "":
		return 1
	case j.Complete() || j.Status.State == AbortedState:
		return 0
	}
	return 2
}

// ClusterAlias is the build cluster that the run is on.
func (j *ProwJob) ClusterAlias() string {
	if j.Spec.Cluster == "" {
		return DefaultClusterAlias
	}
	return j.Spec.Cluster
}

// MainRefs is the code under test or, for periodics, the first extra ref;
// nil when there is neither.
func (s *ProwJobSpec) MainRefs() *Refs {
	if s.Refs != nil {
		return s.Refs
	}
	if len(s.ExtraRefs) > 0 {
		return &s.ExtraRefs[0]
	}
	return nil
}
