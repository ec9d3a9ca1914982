// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/document"
)

// JobBase is what all kinds of jobs have.
type JobBase struct {
	// Name is the job's name: letters, digits, "-", "." and "_"; Jenkins jobs may also have "/".
	Name string `json:"name"`
	// Labels are put on the ProwJob and its pod. They also choose presets.
	Labels map[string]string `json:"labels,omitempty"`
	// MaxConcurrency limits how many runs may be pending at once; 0 is no limit.
	MaxConcurrency int `json:"max_concurrency,omitempty"`
	// Agent executes the job: "kubernetes", "jenkins", "tekton-pipeline", or another; "kubernetes" when unset.
	Agent string `json:"agent,omitempty"`
	// Cluster is the alias of the build cluster; the default is "default".
	Cluster string `json:"cluster,omitempty"`
	// Namespace is where pods are made: pod_namespace, and nothing else except for Tekton.
	Namespace *string `json:"namespace,omitempty"`
	// ErrorOnEviction makes an eviction end the run instead of starting its pod again.
	ErrorOnEviction bool `json:"error_on_eviction,omitempty"`
	// Spec is the pod of the kubernetes agent.
	Spec *corev1.PodSpec `json:"spec,omitempty"`
	// PipelineRunSpec is a Tekton v1 PipelineRunSpec, kept as given.
	PipelineRunSpec *runtime.RawExtension `json:"pipeline_run_spec,omitempty"`
	// TektonPipelineRunSpec is preferred over PipelineRunSpec.
	TektonPipelineRunSpec *prowv1.TektonPipelineRunSpec `json:"tekton_pipeline_run_spec,omitempty"`
	// Annotations are put on the ProwJob and its pod.
	Annotations map[string]string `json:"annotations,omitempty"`
	// ReporterConfig is what the job sets for reporters.
	ReporterConfig *prowv1.ReporterConfig `json:"reporter_config,omitempty"`
	// RerunAuthConfig says who may run it again from deck.
	RerunAuthConfig *prowv1.RerunAuthConfig `json:"rerun_auth_config,omitempty"`
	// Hidden keeps its runs from deck unless it shows hidden jobs.
	Hidden bool `json:"hidden,omitempty"`
	// ProwJobDefault is merged over what prowjob_default_entries gives.
	ProwJobDefault *prowv1.ProwJobDefault `json:"prowjob_defaults,omitempty"`
	// JobQueueName is a key of plank.job_queue_capacities.
	JobQueueName string `json:"job_queue_name,omitempty"`

	Utility

	// Source is where the job is written.
	Source document.Position `json:"-"`
}

// SetPosition is called by the decoder.
func (b *JobBase) SetPosition(p document.Position) { b.Source = p }

// Utility is what a job says about its decoration and about cloning.
type Utility struct {
	// Decorate adds the pod utilities; decorate_all_jobs when unset.
	Decorate *bool `json:"decorate,omitempty"`
	// PathAlias is where to check out below $GOPATH/src.
	PathAlias string `json:"path_alias,omitempty"`
	// CloneURI replaces the URI to clone from.
	CloneURI string `json:"clone_uri,omitempty"`
	// SkipSubmodules leaves submodules out.
	SkipSubmodules bool `json:"skip_submodules,omitempty"`
	// CloneDepth limits how many commits are fetched; 0 is all.
	CloneDepth int `json:"clone_depth,omitempty"`
	// SkipFetchHead leaves out the fetch of HEAD and tags.
	SkipFetchHead bool `json:"skip_fetch_head,omitempty"`
	// ExtraRefs are other repositories to clone.
	ExtraRefs []prowv1.Refs `json:"extra_refs,omitempty"`
	// DecorationConfig overrides the defaults of plank.
	DecorationConfig *prowv1.DecorationConfig `json:"decoration_config,omitempty"`
}

// Reporter is what jobs have that report to GitHub.
type Reporter struct {
	// Context is the status context; the default is the job's name.
	Context string `json:"context,omitempty"`
	// SkipReport keeps results from GitHub.
	SkipReport bool `json:"skip_report,omitempty"`
}

// Presubmit runs on pulls.
type Presubmit struct {
	JobBase

	// AlwaysRun runs it for every pull.
	AlwaysRun bool `json:"always_run"`
	// Optional lets pulls merge without it.
	Optional bool `json:"optional,omitempty"`
	// Trigger is the regular expression of comments that start it; set it and RerunCommand, or neither.
	Trigger string `json:"trigger,omitempty"`
	// RerunCommand is what people are told to comment; it must match Trigger. The default is "/test NAME".
	RerunCommand string `json:"rerun_command,omitempty"`
	// RunBeforeMerge makes tide run it before it merges.
	RunBeforeMerge bool `json:"run_before_merge,omitempty"`

	Brancher
	RegexpChangeMatcher
	Reporter

	// JenkinsSpec is of the jenkins agent.
	JenkinsSpec *prowv1.JenkinsSpec `json:"jenkins_spec,omitempty"`

	trigger *pattern
}

// Postsubmit runs on pushes.
type Postsubmit struct {
	JobBase

	// AlwaysRun runs it on every push; true when unset, unless it has a condition on the changed files.
	AlwaysRun *bool `json:"always_run,omitempty"`

	RegexpChangeMatcher
	Brancher
	Reporter

	// JenkinsSpec is of the jenkins agent.
	JenkinsSpec *prowv1.JenkinsSpec `json:"jenkins_spec,omitempty"`
}

// Periodic runs on a schedule: exactly one of Interval, MinimumInterval and Cron.
type Periodic struct {
	JobBase

	// Interval is the time from one start to the next.
	Interval string `json:"interval,omitempty"`
	// MinimumInterval is the time from one end to the next start.
	MinimumInterval string `json:"minimum_interval,omitempty"`
	// Cron is five fields, six with leading seconds, or a descriptor such as @daily.
	Cron string `json:"cron,omitempty"`
	// Tags are for people.
	Tags []string `json:"tags,omitempty"`
	// Retry runs it again when it fails.
	Retry *Retry `json:"retry,omitempty"`
}

// Retry says how a periodic that fails is run again.
type Retry struct {
	// RunAll runs all attempts, also after a success.
	RunAll bool `json:"run_all,omitempty"`
	// Attempts is how often it is run again at most.
	Attempts int `json:"attempts,omitempty"`
	// Interval is the time between attempts.
	Interval string `json:"interval,omitempty"`
}

// Preset is a piece of pod that jobs get by their labels.
type Preset struct {
	// Labels must all be on a job; a preset without labels is for every job.
	Labels map[string]string `json:"labels,omitempty"`
	// Env is added to every container.
	Env []corev1.EnvVar `json:"env,omitempty"`
	// Volumes are added to the pod.
	Volumes []corev1.Volume `json:"volumes,omitempty"`
	// VolumeMounts are added to every container.
	VolumeMounts []corev1.VolumeMount `json:"volumeMounts,omitempty"`
	// Tolerations are added to the pod.
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`

	// Source is where the preset is written.
	Source document.Position `json:"-"`
}

// SetPosition is called by the decoder.
func (p *Preset) SetPosition(at document.Position) { p.Source = at }

// File is the contents of one job file, or the jobs in config.yaml.
type File struct {
	// Presets are pieces of pods that jobs get by their labels.
	Presets []Preset `json:"presets,omitempty"`
	// Presubmits are the jobs that run on pulls, by "org/repo".
	Presubmits map[string][]Presubmit `json:"presubmits,omitempty"`
	// Postsubmits are the jobs that run on pushes, by "org/repo".
	Postsubmits map[string][]Postsubmit `json:"postsubmits,omitempty"`
	// Periodics are the jobs that run on a schedule.
	Periodics []Periodic `json:"periodics,omitempty"`
	// DecorateAllJobs decorates jobs that do not say; only config.yaml's counts.
	DecorateAllJobs bool `json:"decorate_all_jobs,omitempty"`
	// Ignored is not looked at; it is a place for YAML anchors.
	Ignored document.Ignored `json:"prow_ignored"`
}

// InRepoFile is the contents of .prow.yaml, or of all files in .prow/.
type InRepoFile struct {
	// Presets are pieces of pods that the repository's jobs get by their labels.
	Presets []Preset `json:"presets,omitempty"`
	// Presubmits are the jobs that run on pulls.
	Presubmits []Presubmit `json:"presubmits,omitempty"`
	// Postsubmits are the jobs that run on pushes.
	Postsubmits []Postsubmit `json:"postsubmits,omitempty"`
	// Ignored is not looked at; it is a place for YAML anchors.
	Ignored document.Ignored `json:"prow_ignored"`
}

// maxInRepoValues is more than a hundred long jobs in one file.
const maxInRepoValues = 50_000

// MaxValues bounds the file, since anybody can write one.
func (*InRepoFile) MaxValues() int { return maxInRepoValues }
