// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/jobs"
)

type utility = jobs.Utility

// Options is what a new ProwJob needs besides its job and refs.
type Options struct {
	// Name is the ProwJob's name; see Name.
	Name string
	// Namespace is prowjob_namespace.
	Namespace string
	// EventGUID is the delivery that starts the run; empty where no webhook does, as in tide and horologium.
	EventGUID string
	// Labels and Annotations go over those of the job.
	Labels, Annotations map[string]string
	// Now becomes the start time.
	Now time.Time
	// Scheduling makes the run wait for the scheduler: scheduler.enabled.
	Scheduling bool
}

// Name is a name for the ProwJob that these parts start, such as the delivery,
// the repo, the type and the job: the same parts give the same name, so that
// doing it twice finds the ProwJob already there.
func Name(parts ...string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/cutwater-ci/cutwater#prowjob\x00"+strings.Join(parts, "\x00"))).String()
}

// FromPresubmit makes the ProwJob of a presubmit on a pull.
func FromPresubmit(p jobs.Presubmit, refs prowv1.Refs, opt Options) *prowv1.ProwJob {
	spec := baseSpec(p.JobBase, prowv1.PresubmitJob)
	spec.Context = p.Context
	spec.Report = !p.SkipReport
	spec.RerunCommand = p.RerunCommand
	spec.JenkinsSpec = p.JenkinsSpec.DeepCopy()
	spec.Refs = completed(refs, p.Utility)
	var own map[string]string
	if opt.EventGUID != "" {
		own = map[string]string{prowv1.IsOptionalLabel: strconv.FormatBool(p.Optional)}
	}
	return newProwJob(spec, p.JobBase, own, opt)
}

// FromBatch makes the ProwJob of a presubmit on several pulls. It is not reported.
func FromBatch(p jobs.Presubmit, refs prowv1.Refs, opt Options) *prowv1.ProwJob {
	spec := baseSpec(p.JobBase, prowv1.BatchJob)
	spec.Context = p.Context
	spec.JenkinsSpec = p.JenkinsSpec.DeepCopy()
	spec.Refs = completed(refs, p.Utility)
	return newProwJob(spec, p.JobBase, nil, opt)
}

// FromPostsubmit makes the ProwJob of a postsubmit on a push.
func FromPostsubmit(p jobs.Postsubmit, refs prowv1.Refs, opt Options) *prowv1.ProwJob {
	spec := baseSpec(p.JobBase, prowv1.PostsubmitJob)
	spec.Context = p.Context
	spec.Report = !p.SkipReport
	spec.JenkinsSpec = p.JenkinsSpec.DeepCopy()
	spec.Refs = completed(refs, p.Utility)
	return newProwJob(spec, p.JobBase, nil, opt)
}

// FromPeriodic makes the ProwJob of a periodic.
func FromPeriodic(p jobs.Periodic, opt Options) *prowv1.ProwJob {
	spec := baseSpec(p.JobBase, prowv1.PeriodicJob)
	spec.Report = true
	return newProwJob(spec, p.JobBase, nil, opt)
}

// baseSpec is what all kinds of jobs have in common. It shares nothing with the job.
func baseSpec(b jobs.JobBase, kind prowv1.ProwJobType) prowv1.ProwJobSpec {
	spec := prowv1.ProwJobSpec{
		Type:            kind,
		Job:             b.Name,
		Agent:           prowv1.ProwJobAgent(b.Agent),
		Cluster:         b.Cluster,
		MaxConcurrency:  b.MaxConcurrency,
		ErrorOnEviction: b.ErrorOnEviction,

		PodSpec:               b.Spec.DeepCopy(),
		PipelineRunSpec:       b.PipelineRunSpec.DeepCopy(),
		TektonPipelineRunSpec: b.TektonPipelineRunSpec.DeepCopy(),
		DecorationConfig:      b.DecorationConfig.DeepCopy(),
		ReporterConfig:        b.ReporterConfig.DeepCopy(),
		RerunAuthConfig:       b.RerunAuthConfig.DeepCopy(),
		Hidden:                b.Hidden,
		ProwJobDefault:        b.ProwJobDefault.DeepCopy(),
		JobQueueName:          b.JobQueueName,
	}
	if b.Namespace != nil {
		spec.Namespace = *b.Namespace
	}
	for _, extra := range b.ExtraRefs {
		if extra.BloblessFetch == nil && b.DecorationConfig != nil {
			extra.BloblessFetch = b.DecorationConfig.BloblessFetch
		}
		spec.ExtraRefs = append(spec.ExtraRefs, *extra.DeepCopy())
	}
	reportToSlack(spec.ReporterConfig)
	return spec
}

// reportToSlack settles whether the run is reported to Slack: an empty list of states, unlike none, means no.
func reportToSlack(c *prowv1.ReporterConfig) {
	if c == nil || c.Slack == nil || c.Slack.Report != nil {
		return
	}
	report := c.Slack.JobStatesToReport == nil || len(c.Slack.JobStatesToReport) > 0
	c.Slack.Report = &report
}

func newProwJob(spec prowv1.ProwJobSpec, b jobs.JobBase, own map[string]string, opt Options) *prowv1.ProwJob {
	if opt.EventGUID != "" {
		if own == nil {
			own = map[string]string{}
		}
		own[prowv1.EventGUIDLabel] = opt.EventGUID
	}
	state := prowv1.TriggeredState
	if opt.Scheduling {
		state = prowv1.SchedulingState
	}
	return &prowv1.ProwJob{
		TypeMeta: metav1.TypeMeta{APIVersion: prowv1.SchemeGroupVersion.String(), Kind: "ProwJob"},
		ObjectMeta: metav1.ObjectMeta{
			Name:        opt.Name,
			Namespace:   opt.Namespace,
			Labels:      spec.RunLabels(b.Labels, opt.Labels, own),
			Annotations: spec.RunAnnotations(b.Annotations, opt.Annotations),
		},
		Spec:   spec,
		Status: prowv1.ProwJobStatus{StartTime: metav1.NewTime(opt.Now), State: state},
	}
}
