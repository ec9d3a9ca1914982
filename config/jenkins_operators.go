// SPDX-License-Identifier: Apache-2.0

package config

import (
	"strings"
	"text/template"

	"k8s.io/apimachinery/pkg/labels"
	"knative.dev/pkg/apis"
)

// JenkinsOperator configures one of those that start the jobs of agent
// jenkins. Its templates have one more function: {{replace "old" "new" .Text}}.
type JenkinsOperator struct {
	Controller

	// LabelSelector chooses the ProwJobs that are its own, in the syntax of
	// Kubernetes. A single entry must have none; of several, each must have one.
	LabelSelector string `json:"label_selector,omitempty"`
}

// validateJenkins reports entries that are wrong, or that would share ProwJobs.
func (c *Config) validateJenkins() *apis.FieldError {
	functions := template.FuncMap{
		"replace": func(before, after, text string) string { return strings.ReplaceAll(text, before, after) },
	}
	var errs *apis.FieldError
	for i := range c.JenkinsOperators {
		o := &c.JenkinsOperators[i]
		wrong := o.validate(functions)
		if _, err := labels.Parse(o.LabelSelector); err != nil {
			wrong = wrong.Also(apis.ErrInvalidValue(o.LabelSelector, "label_selector", err.Error()))
		}
		switch several := len(c.JenkinsOperators) > 1; {
		case several && o.LabelSelector == "":
			wrong = wrong.Also(apis.ErrMissingField("label_selector"))
		case !several && o.LabelSelector != "":
			wrong = wrong.Also(apis.ErrGeneric("must not be set where there is one entry", "label_selector"))
		}
		errs = errs.Also(wrong.ViaFieldIndex("jenkins_operators", i))
	}
	return errs
}
