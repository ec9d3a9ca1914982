// SPDX-License-Identifier: Apache-2.0

package github

import (
	"slices"
	"text/template"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
)

// Settings are what the reporter takes from config.yaml.
type Settings struct {
	// JobTypes are reported; of none, presubmits and postsubmits are.
	JobTypes []prowv1.ProwJobType
	// NoCommentRepos are orgs and org/repos that get statuses only.
	NoCommentRepos []string
	// SummaryCommentRepos are orgs and org/repos that get one comment when all
	// of a pull's runs have ended, even if none failed.
	SummaryCommentRepos []string
	// Template gives what is appended to the comments of a repository; nil appends nothing.
	Template func(refs *prowv1.Refs) *template.Template
	// Agent limits reports to runs of one agent; empty reports all.
	Agent prowv1.ProwJobAgent
	// Enabled limits reports to some repositories; nil reports all.
	Enabled func(org, repo string) bool
}

// SettingsFrom takes the settings from a configuration.
func SettingsFrom(c *config.Config) Settings {
	return Settings{
		JobTypes:            c.GitHubReporter.JobTypesToReport,
		NoCommentRepos:      c.GitHubReporter.NoCommentRepos,
		SummaryCommentRepos: c.GitHubReporter.SummaryCommentRepos,
		Template:            c.Plank.ReportTemplateFor,
	}
}

// tells says whether a run's present state is reported. While it waits for the
// scheduler there is nothing to say yet.
func (s Settings) tells(pj *prowv1.ProwJob) bool {
	return pj.Status.State != "" && pj.Status.State != prowv1.SchedulingState && s.reports(pj)
}

// reports says whether a run is to be reported at all.
func (s Settings) reports(pj *prowv1.ProwJob) bool {
	types := s.JobTypes
	if len(types) == 0 {
		types = []prowv1.ProwJobType{prowv1.PresubmitJob, prowv1.PostsubmitJob}
	}
	switch {
	case !pj.Spec.Report, pj.Spec.Refs == nil, !slices.Contains(types, pj.Spec.Type):
		return false
	case pj.Spec.Type != prowv1.PresubmitJob && pj.Spec.Type != prowv1.PostsubmitJob:
		return false
	case pj.Labels[prowv1.GerritReportLabel] != "":
		return false
	case s.Agent != "" && pj.Spec.Agent != s.Agent:
		return false
	case len(pj.Spec.Refs.Pulls) > 1:
		return false
	}
	return s.enabled(pj)
}

// enabled says whether any repository of the run is.
func (s Settings) enabled(pj *prowv1.ProwJob) bool {
	if s.Enabled == nil || s.Enabled(pj.Spec.Refs.Org, pj.Spec.Refs.Repo) {
		return true
	}
	return slices.ContainsFunc(pj.Spec.ExtraRefs, func(refs prowv1.Refs) bool { return s.Enabled(refs.Org, refs.Repo) })
}

func (s Settings) template(refs *prowv1.Refs) *template.Template {
	if s.Template == nil {
		return nil
	}
	return s.Template(refs)
}

// names says whether the list has the repository or its org.
func names(list []string, refs *prowv1.Refs) bool {
	return slices.Contains(list, refs.Org) || slices.Contains(list, refs.OrgRepo())
}
