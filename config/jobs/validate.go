// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"knative.dev/pkg/apis"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/document"
)

// The names that jobs may have.
var (
	jobName     = regexp.MustCompile(`^[A-Za-z0-9-._]+$`)
	jenkinsName = regexp.MustCompile(`^[A-Za-z0-9-._]([A-Za-z0-9-._/]*[A-Za-z0-9-_])?$`)
)

// validate checks what all kinds of jobs have.
func (f *finisher) validate(b *JobBase, kind string, of prowv1.ProwJobType) {
	fail := func(field, format string, args ...any) { f.fail(b, kind, field, fmt.Sprintf(format, args...)) }
	name := jobName
	if b.Agent == string(prowv1.JenkinsAgent) {
		name = jenkinsName
	}
	if !name.MatchString(b.Name) {
		fail("name", "%q does not match %s", b.Name, name)
	}
	if b.MaxConcurrency < 0 {
		fail("max_concurrency", "%d is less than 0", b.MaxConcurrency)
	}
	if _, ok := f.Queues[b.JobQueueName]; !ok && b.JobQueueName != "" {
		fail("job_queue_name", "%q is not in plank.job_queue_capacities", b.JobQueueName)
	}
	f.agent(b, kind, fail)
	f.labels(b, fail)
	f.tekton(b, of, fail)
	if b.Spec == nil {
		return
	}
	f.pod(b, of, fail)
	if len(b.Spec.Containers) > 0 { // Prow does not look further at jobs without a container.
		f.fields(b, kind, "rerun_auth_config", b.RerunAuthConfig.Validate(), false)
		f.decoration(b, kind, fail)
		f.cloning(b, fail)
	}
}

// failure reports a field of a job.
type failure func(field, format string, args ...any)

// agent checks that the job has what its agent needs and nothing of others.
func (f *finisher) agent(b *JobBase, kind string, fail failure) {
	kubernetes := b.Agent == string(prowv1.KubernetesAgent)
	tekton := b.Agent == string(prowv1.TektonAgent)
	if !kubernetes && !tekton && b.Agent != string(prowv1.JenkinsAgent) {
		f.report(Invalid{
			Source: b.Source, Job: kind + " " + b.Name, Field: "agent", Warning: true,
			Message: fmt.Sprintf("nothing is known of agent %s, so that what it needs cannot be checked", b.Agent),
		})
		return
	}
	pipeline := b.PipelineRunSpec != nil || b.TektonPipelineRunSpec != nil
	switch {
	case b.Spec != nil && !kubernetes:
		fail("spec", "is for agent kubernetes, not %s", b.Agent)
	case b.Spec == nil && kubernetes:
		fail("spec", "agent kubernetes needs a spec")
	}
	switch {
	case pipeline && !tekton:
		fail("pipeline_run_spec", "is for agent tekton-pipeline, not %s", b.Agent)
	case !pipeline && tekton:
		fail("pipeline_run_spec", "agent tekton-pipeline needs a pipeline_run_spec")
	}
	if b.DecorationConfig != nil && !kubernetes {
		fail("decoration_config", "is for agent kubernetes, not %s", b.Agent)
	}
	if b.ErrorOnEviction && !kubernetes {
		fail("error_on_eviction", "is for agent kubernetes, not %s", b.Agent)
	}
	if *b.Namespace != f.PodNamespace && !tekton {
		fail("namespace", "%q is not pod_namespace %q", *b.Namespace, f.PodNamespace)
	}
}

// labels checks labels and the names of annotations.
func (f *finisher) labels(b *JobBase, fail failure) {
	for key, value := range b.Labels {
		switch key {
		case prowv1.CreatedByProwLabel, prowv1.TypeLabel, prowv1.IDLabel:
			fail("labels["+key+"]", "is set by the system")
		}
		if wrong := f.names.of(key, validation.IsQualifiedName); wrong != "" {
			fail("labels["+key+"]", "is no label: %s", wrong)
		}
		if wrong := f.values.of(value, validation.IsValidLabelValue); wrong != "" {
			fail("labels["+key+"]", "%q is no label's value: %s", value, wrong)
		}
	}
	for key := range b.Annotations {
		if wrong := f.names.of(key, validation.IsQualifiedName); wrong != "" {
			fail("annotations["+key+"]", "is no annotation: %s", wrong)
		}
	}
}

// checked remembers what is wrong with a text, since thousands of jobs have the same ones.
type checked map[string]string

func (c checked) of(text string, check func(string) []string) string {
	wrong, known := c[text]
	if !known {
		wrong = strings.Join(check(text), "; ")
		c[text] = wrong
	}
	return wrong
}

// decoration checks the decoration.
func (f *finisher) decoration(b *JobBase, kind string, fail failure) {
	d := b.DecorationConfig
	if d == nil {
		return
	}
	known := f.decorations[d]
	if known == nil {
		known = &decoration{}
		f.decorations[d] = known
	}
	again := known.isDefault && known.looked
	if !known.looked {
		known.looked, known.errors = true, d.Validate()
	}
	f.fields(b, kind, "decoration_config", known.errors, again)
	if d.OauthTokenSecret != nil && b.CloneURI != "" && !strings.HasPrefix(b.CloneURI, "http://") && !strings.HasPrefix(b.CloneURI, "https://") {
		fail("clone_uri", "must be http or https where there is an oauth_token_secret")
	}
	for i, c := range b.Spec.Containers {
		if len(c.Command) == 0 && len(c.Args) == 0 || slices.Concat(c.Command, c.Args)[0] == "" {
			fail(fmt.Sprintf("spec.containers[%d]", i), "a decorated container needs command or args")
		}
	}
}

func (f *finisher) fields(b *JobBase, kind, field string, errs *apis.FieldError, again bool) {
	if errs == nil {
		return
	}
	for path, message := range document.FieldErrors(errs.ViaField(field)) {
		wrong := invalid(b, kind, path, message)
		wrong.Again = again
		f.report(wrong)
	}
}

func (f *finisher) cloning(b *JobBase, fail failure) {
	check := func(field, uri string) {
		if uri == "" {
			return
		}
		// What git calls its scp form, user@host:path, is no URL.
		if _, err := url.Parse(uri); err != nil && !scp.MatchString(uri) {
			fail(field, "%q is no URI to clone from", uri)
		}
	}
	check("clone_uri", b.CloneURI)
	for i, refs := range b.ExtraRefs {
		check(fmt.Sprintf("extra_refs[%d].clone_uri", i), refs.CloneURI)
	}
}

// scp is the form host:path of a clone URI.
var scp = regexp.MustCompile(`^(?:[^@/]+@)?[^:/]+:.+`)

// reporting checks how results get to GitHub.
func (f *finisher) reporting(b *JobBase, kind string, r Reporter) {
	if !r.SkipReport && r.Context == "" {
		f.fail(b, kind, "context", "a job that reports needs a context")
	}
	if label, ok := b.Labels[prowv1.GerritReportLabel]; ok && r.SkipReport && label != "" {
		f.fail(b, kind, "labels", fmt.Sprintf("%s makes no sense with skip_report", prowv1.GerritReportLabel))
	}
}
