// SPDX-License-Identifier: Apache-2.0

package v1

// Labels and annotations of ProwJobs and their pods. The names are Prow's.
const (
	// CreatedByProwLabel is "true" on everything that was made for a ProwJob.
	CreatedByProwLabel = "created-by-prow"
	// CreatedByTideLabel is "true" on runs that tide started.
	CreatedByTideLabel = "created-by-tide"
	// TypeLabel holds the run's type.
	TypeLabel = "prow.k8s.io/type"
	// IDLabel holds, on a pod, its ProwJob's name.
	IDLabel = "prow.k8s.io/id"
	// BuildIDLabel holds, on a pod, the run's build ID.
	BuildIDLabel = "prow.k8s.io/build-id"
	// PlankVersionLabel holds, on a pod, the version that made it.
	PlankVersionLabel = "prow.k8s.io/plank-version"
	// JobLabel (shortened) and the annotation of this name (whole) hold the job's name.
	JobLabel = "prow.k8s.io/job"
	// ContextLabel (shortened) and the annotation of this name (whole) hold the status context.
	ContextLabel = "prow.k8s.io/context"
	// OrgLabel holds the org of the main refs.
	OrgLabel = "prow.k8s.io/refs.org"
	// RepoLabel holds the repo of the main refs.
	RepoLabel = "prow.k8s.io/refs.repo"
	// BaseRefLabel holds the branch of the main refs.
	BaseRefLabel = "prow.k8s.io/refs.base_ref"
	// PullLabel holds the number of the first pull.
	PullLabel = "prow.k8s.io/refs.pull"
	// EventGUIDLabel holds the GUID of the delivery that started the run.
	EventGUIDLabel = "event-GUID"
	// IsOptionalLabel is "true" on presubmits that are not required to merge.
	IsOptionalLabel = "prow.k8s.io/is-optional"
	// RetestLabel is "true" on runs that /retest started.
	RetestLabel = "prow.k8s.io/retest"
	// ReRunLabel holds the number of a periodic's retry.
	ReRunLabel = "prow.k8s.io/re-run"
	// GerritReportLabel holds the Gerrit label to vote on.
	GerritReportLabel = "prow.k8s.io/gerrit-report-label"
)
