// SPDX-License-Identifier: Apache-2.0

package config

import (
	"slices"

	"knative.dev/pkg/apis"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// GitHubReporter configures what is reported to GitHub.
type GitHubReporter struct {
	// JobTypesToReport are presubmit and postsubmit when unset; no others are allowed.
	JobTypesToReport []prowv1.ProwJobType `json:"job_types_to_report,omitempty"`
	// NoCommentRepos are orgs and org/repos where no comments are made.
	NoCommentRepos []string `json:"no_comment_repos,omitempty"`
	// SummaryCommentRepos are orgs and org/repos with one comment when all jobs of a pull have ended.
	SummaryCommentRepos []string `json:"summary_comment_repos,omitempty"`
}

// NoComment reports whether no comments are made in the repo.
func (r GitHubReporter) NoComment(org, repo string) bool { return listed(r.NoCommentRepos, org, repo) }

// SummaryComment reports whether the repo gets summary comments.
func (r GitHubReporter) SummaryComment(org, repo string) bool {
	return listed(r.SummaryCommentRepos, org, repo)
}

func listed(repos []string, org, repo string) bool {
	return slices.Contains(repos, org) || slices.Contains(repos, org+"/"+repo)
}

func (r *GitHubReporter) setDefaults() {
	if len(r.JobTypesToReport) == 0 {
		r.JobTypesToReport = []prowv1.ProwJobType{prowv1.PresubmitJob, prowv1.PostsubmitJob}
	}
}

// Validate reports types of jobs that GitHub has no place for.
func (r GitHubReporter) Validate() *apis.FieldError {
	var errs *apis.FieldError
	for i, t := range r.JobTypesToReport {
		if t != prowv1.PresubmitJob && t != prowv1.PostsubmitJob {
			errs = errs.Also(apis.ErrInvalidArrayValue(t, "job_types_to_report", i))
		}
	}
	return errs
}
