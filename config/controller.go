// SPDX-License-Identifier: Apache-2.0

package config

import (
	"text/template"

	"knative.dev/pkg/apis"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Controller configures what starts the runs of an agent and follows them.
type Controller struct {
	// JobURLTemplate makes the URL of a run that has no results in a bucket; a Go template over the ProwJob.
	JobURLTemplate string `json:"job_url_template,omitempty"`
	// ReportTemplate is the old form of ReportTemplates["*"].
	ReportTemplate string `json:"report_template,omitempty"`
	// ReportTemplates end the comment about failed jobs; Go templates over the ProwJob, by org/repo, org or "*".
	ReportTemplates map[string]string `json:"report_templates,omitempty"`
	// MaxConcurrency limits how many runs may be pending at once; 0 is no limit.
	MaxConcurrency int `json:"max_concurrency,omitempty"`
	// MaxGoroutines is how many ProwJobs are worked on at once; 20 when unset.
	MaxGoroutines int `json:"max_goroutines,omitempty"`

	// twoReports says that the old and the new form of the report templates are both given.
	twoReports bool

	jobURL  *template.Template
	reports map[string]*template.Template
}

// JobURL is the parsed JobURLTemplate; nil when there is none.
func (c *Controller) JobURL() *template.Template { return c.jobURL }

// ReportTemplateFor is the template for refs: that of its org/repo, else of its org, else of "*"; nil when there is none.
func (c *Controller) ReportTemplateFor(refs *prowv1.Refs) *template.Template {
	return narrowest(c.reports, refs)
}

func (c *Controller) setDefaults() {
	fill(&c.MaxGoroutines, 20)
	if c.ReportTemplate != "" {
		c.twoReports = len(c.ReportTemplates) > 0
		c.ReportTemplates, _ = withGeneral(c.ReportTemplates, c.ReportTemplate)
	}
}

// validate reports numbers that make no sense, and templates that do not parse with these functions.
func (c *Controller) validate(functions template.FuncMap) *apis.FieldError {
	var errs *apis.FieldError
	if c.MaxConcurrency < 0 {
		errs = errs.Also(apis.ErrInvalidValue(c.MaxConcurrency, "max_concurrency", "want 0 or more"))
	}
	if c.MaxGoroutines <= 0 {
		errs = errs.Also(apis.ErrInvalidValue(c.MaxGoroutines, "max_goroutines", "want more than 0"))
	}
	return errs.Also(c.parseTemplates(functions))
}

// parseTemplates keeps the templates in their parsed form.
func (c *Controller) parseTemplates(functions template.FuncMap) *apis.FieldError {
	var errs *apis.FieldError
	var err error
	if c.jobURL, err = template.New("JobURL").Funcs(functions).Parse(c.JobURLTemplate); err != nil {
		errs = errs.Also(apis.ErrInvalidValue(c.JobURLTemplate, "job_url_template", err.Error()))
	}
	if c.twoReports {
		errs = errs.Also(exclusive("report_template", "report_templates"))
	}
	c.reports = make(map[string]*template.Template, len(c.ReportTemplates))
	for _, key := range generalFirst(c.ReportTemplates) {
		text := c.ReportTemplates[key]
		if c.reports[key], err = template.New("Report").Funcs(functions).Parse(text); err != nil {
			wrong := apis.ErrInvalidValue(text, "report_template", err.Error())
			if c.ReportTemplate == "" || key != "*" {
				wrong = apis.ErrInvalidValue(text, apis.CurrentField, err.Error()).ViaFieldKey("report_templates", key)
			}
			errs = errs.Also(wrong)
		}
	}
	return errs
}

// narrowest is the entry of refs' org/repo, else of its org, else of "*".
func narrowest[T any](byKey map[string]T, refs *prowv1.Refs) T {
	if refs == nil {
		return byKey["*"]
	}
	found, _ := narrowestOf(byKey, refs.Org, refs.Repo)
	return found
}

// narrowestOf is the entry of org/repo, else of org, else of "*", and whether there is one.
func narrowestOf[T any](byKey map[string]T, org, repo string) (found T, ok bool) {
	for _, key := range []string{org + "/" + repo, org, "*"} {
		if found, ok = byKey[key]; ok {
			return found, true
		}
	}
	return found, false
}
