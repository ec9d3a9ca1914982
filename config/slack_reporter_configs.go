// SPDX-License-Identifier: Apache-2.0

package config

import (
	"io"
	"maps"
	"slices"
	"text/template"

	"knative.dev/pkg/apis"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// SlackReporter configures what is reported to Slack. A job can set most of it
// for itself, in reporter_config.slack.
type SlackReporter struct {
	// JobTypesToReport are presubmit, postsubmit, periodic or batch. Runs of other
	// types, all of them when unset, are reported only if their job has a channel of its own.
	JobTypesToReport []prowv1.ProwJobType `json:"job_types_to_report,omitempty"`

	prowv1.SlackReporterConfig
}

// SlackReporters are by org/repo, org or "*"; the narrowest is taken alone.
type SlackReporters map[string]SlackReporter

// defaultSlackTemplate makes a message of a ProwJob.
const defaultSlackTemplate = "Job {{.Spec.Job}} of type {{.Spec.Type}} ended with state {{.Status.State}}. <{{.Status.URL}}|View logs>"

func (s SlackReporters) setDefaults() {
	for key, reporter := range s {
		fill(&reporter.ReportTemplate, defaultSlackTemplate)
		s[key] = reporter
	}
}

// Validate reports what has no channel, and templates that fail for a ProwJob without refs.
func (s SlackReporters) Validate() *apis.FieldError {
	var errs *apis.FieldError
	for _, key := range slices.Sorted(maps.Keys(s)) {
		errs = errs.Also(s[key].validate().ViaKey(key))
	}
	return errs
}

func (r SlackReporter) validate() *apis.FieldError {
	var errs *apis.FieldError
	if r.Channel == "" {
		errs = errs.Also(apis.ErrMissingField("channel"))
	}
	parsed, err := template.New("report").Parse(r.ReportTemplate)
	if err == nil {
		err = parsed.Execute(io.Discard, &prowv1.ProwJob{})
	}
	if err != nil {
		errs = errs.Also(apis.ErrInvalidValue(r.ReportTemplate, "report_template", err.Error()))
	}
	return errs
}

// For is the configuration for refs, which may be nil; the zero value when there is none.
func (s SlackReporters) For(refs *prowv1.Refs) SlackReporter { return narrowest(s, refs) }
