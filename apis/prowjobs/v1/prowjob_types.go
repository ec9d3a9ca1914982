// SPDX-License-Identifier: Apache-2.0

package v1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// ProwJob is one run of a job.
//
// The generated client has an UpdateStatus, which the API server refuses: there
// is no status subresource. Reconcilers patch, with SkipStatusUpdates set.
//
// +genclient
// +genreconciler:krshapedlogic=false
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:metadata:annotations="api-approved.kubernetes.io=https://github.com/kubernetes/test-infra/pull/8669"
// +kubebuilder:resource:path=prowjobs,singular=prowjob,scope=Namespaced
// +kubebuilder:printcolumn:name="Job",type=string,JSONPath=`.spec.job`
// +kubebuilder:printcolumn:name="BuildId",type=string,JSONPath=`.status.build_id`
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.type`
// +kubebuilder:printcolumn:name="Org",type=string,JSONPath=`.spec.refs.org`
// +kubebuilder:printcolumn:name="Repo",type=string,JSONPath=`.spec.refs.repo`
// +kubebuilder:printcolumn:name="Pulls",type=string,JSONPath=`.spec.refs.pulls[*].number`
// +kubebuilder:printcolumn:name="StartTime",type=date,JSONPath=`.status.startTime`
// +kubebuilder:printcolumn:name="CompletionTime",type=date,JSONPath=`.status.completionTime`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.state`
type ProwJob struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what shall run; it does not change after creation, but for its cluster when the scheduler picks one.
	Spec ProwJobSpec `json:"spec,omitempty"`
	// Status is what became of it. There is no status subresource.
	Status ProwJobStatus `json:"status,omitempty"`
}

// ProwJobList is a list of ProwJobs.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ProwJobList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []ProwJob `json:"items"`
}

// ProwJobType says what started a run.
//
// +kubebuilder:validation:Enum=presubmit;postsubmit;periodic;batch
type ProwJobType string

// The types of ProwJobs.
const (
	// PresubmitJob tests one pull request.
	PresubmitJob ProwJobType = "presubmit"
	// PostsubmitJob runs on a push to a branch.
	PostsubmitJob ProwJobType = "postsubmit"
	// PeriodicJob runs by the clock.
	PeriodicJob ProwJobType = "periodic"
	// BatchJob tests several pull requests merged together, for tide.
	BatchJob ProwJobType = "batch"
)

// ProwJobState is a step in a run's life.
//
// +kubebuilder:validation:Enum=scheduling;triggered;pending;success;failure;aborted;error
type ProwJobState string

// The states of ProwJobs.
const (
	// SchedulingState waits for the scheduler to pick a build cluster.
	SchedulingState ProwJobState = "scheduling"
	// TriggeredState is accepted and waits for its pod.
	TriggeredState ProwJobState = "triggered"
	// PendingState has a pod, which may not run yet.
	PendingState ProwJobState = "pending"
	// SuccessState ended with exit code zero.
	SuccessState ProwJobState = "success"
	// FailureState ended with another exit code.
	FailureState ProwJobState = "failure"
	// AbortedState was cancelled. It may lack a completion time until its pod is gone.
	AbortedState ProwJobState = "aborted"
	// ErrorState could not run, because of its configuration or the infrastructure.
	ErrorState ProwJobState = "error"
)

// ProwJobAgent names what executes a run.
type ProwJobAgent string

// The agents that the contract names. Other strings are allowed.
const (
	// KubernetesAgent runs a pod, by plank.
	KubernetesAgent ProwJobAgent = "kubernetes"
	// JenkinsAgent runs a Jenkins build.
	JenkinsAgent ProwJobAgent = "jenkins"
	// TektonAgent runs a Tekton PipelineRun.
	TektonAgent ProwJobAgent = "tekton-pipeline"
)

// DefaultClusterAlias is the build cluster of jobs that name none.
const DefaultClusterAlias = "default"

// ProwJobSpec is what shall run.
type ProwJobSpec struct {
	// Type says what started the run.
	//
	// +required
	Type ProwJobType `json:"type,omitempty"`
	// Agent names what executes the run.
	Agent ProwJobAgent `json:"agent,omitempty"`
	// Cluster is the alias of the build cluster; empty means "default".
	Cluster string `json:"cluster,omitempty"`
	// Namespace is where resources are created. Tekton uses it; plank always uses pod_namespace of config.yaml.
	Namespace string `json:"namespace,omitempty"`
	// Job is the job's name.
	//
	// +required
	Job string `json:"job,omitempty"`
	// Refs is the code under test; nil for periodics.
	Refs *Refs `json:"refs,omitempty"`
	// ExtraRefs are auxiliary repositories to clone.
	ExtraRefs []Refs `json:"extra_refs,omitempty"`
	// Report says whether results are reported.
	Report bool `json:"report,omitempty"`
	// Context is the GitHub status context.
	Context string `json:"context,omitempty"`
	// RerunCommand is what a user comments to run it again.
	RerunCommand string `json:"rerun_command,omitempty"`
	// MaxConcurrency limits how many runs of the job may be pending; 0 is no limit.
	//
	// +kubebuilder:validation:Minimum=0
	MaxConcurrency int `json:"max_concurrency,omitempty"`
	// ErrorOnEviction makes an eviction end the run instead of starting its pod again.
	ErrorOnEviction bool `json:"error_on_eviction,omitempty"`
	// PodSpec is the pod, before decoration, of the kubernetes agent. The CRD leaves it unchecked, so that fields
	// of newer Kubernetes versions survive; the build cluster checks it when the pod is made.
	//
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	PodSpec *corev1.PodSpec `json:"pod_spec,omitempty"`
	// JenkinsSpec is of the jenkins agent.
	JenkinsSpec *JenkinsSpec `json:"jenkins_spec,omitempty"`
	// PipelineRunSpec is a Tekton v1 PipelineRunSpec, kept as given: only the pipeline controller decodes it.
	//
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	PipelineRunSpec *runtime.RawExtension `json:"pipeline_run_spec,omitempty"`
	// TektonPipelineRunSpec is preferred over PipelineRunSpec where both are present.
	TektonPipelineRunSpec *TektonPipelineRunSpec `json:"tekton_pipeline_run_spec,omitempty"`
	// DecorationConfig makes the pod decorated; nil leaves it as it is.
	DecorationConfig *DecorationConfig `json:"decoration_config,omitempty"`
	// ReporterConfig is what the job sets for reporters.
	ReporterConfig *ReporterConfig `json:"reporter_config,omitempty"`
	// RerunAuthConfig says who may run it again from deck.
	RerunAuthConfig *RerunAuthConfig `json:"rerun_auth_config,omitempty"`
	// Hidden keeps the run from deck unless it shows hidden jobs.
	Hidden bool `json:"hidden,omitempty"`
	// ProwJobDefault holds defaults that are not part of the job proper.
	ProwJobDefault *ProwJobDefault `json:"prowjob_defaults,omitempty"`
	// JobQueueName is a key of plank.job_queue_capacities.
	JobQueueName string `json:"job_queue_name,omitempty"`
}

// ProwJobStatus is what became of a run.
//
// +kubebuilder:validation:XValidation:rule="!(self.state in ['success','failure','error']) || has(self.completionTime)",message="a run in state success, failure or error needs a completionTime"
type ProwJobStatus struct {
	// StartTime is when the ProwJob was created.
	StartTime metav1.Time `json:"startTime,omitempty"`
	// PendingTime is when its pod was created.
	PendingTime *metav1.Time `json:"pendingTime,omitempty"`
	// CompletionTime is when it ended; a run is complete if and only if it is set.
	CompletionTime *metav1.Time `json:"completionTime,omitempty"`
	// State is the step it is at.
	//
	// +required
	State ProwJobState `json:"state,omitempty"`
	// Description is one line for people, shown on GitHub.
	Description string `json:"description,omitempty"`
	// URL is where its results are shown.
	URL string `json:"url,omitempty"`
	// PodRevivalCount is how often its pod was started again after being stopped from outside.
	PodRevivalCount int `json:"pod_revival_count,omitempty"`
	// PodName is its pod's name.
	PodName string `json:"pod_name,omitempty"`
	// BuildID is the run's number: a decimal string, unique and increasing.
	BuildID string `json:"build_id,omitempty"`
	// JenkinsBuildID is of the jenkins agent.
	JenkinsBuildID string `json:"jenkins_build_id,omitempty"`
	// PrevReportStates maps a reporter's name to the state it last reported.
	PrevReportStates map[string]ProwJobState `json:"prev_report_states,omitempty"`
}

// JenkinsSpec is optional settings of the jenkins agent.
type JenkinsSpec struct {
	// GitHubBranchSourceJob says that the job is managed by Jenkins' GitHub branch source plugin.
	GitHubBranchSourceJob bool `json:"github_branch_source_job,omitempty"`
}

// TektonPipelineRunSpec holds a PipelineRunSpec by Tekton API version.
type TektonPipelineRunSpec struct {
	// V1Beta1 is a Tekton v1beta1 PipelineRunSpec, kept as given.
	//
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	V1Beta1 *runtime.RawExtension `json:"v1beta1,omitempty"`
}

// ReporterConfig is what a job sets for reporters.
type ReporterConfig struct {
	// Slack is what of the job is reported to Slack, and where.
	Slack *SlackReporterConfig `json:"slack,omitempty"`
}

// SlackReporterConfig says what of a job is reported to Slack, and where.
type SlackReporterConfig struct {
	// Host is the workspace, one of those that the reporter has a token for.
	Host string `json:"host,omitempty"`
	// Channel is the channel.
	Channel string `json:"channel,omitempty"`
	// JobStatesToReport are the states that are reported.
	JobStatesToReport []ProwJobState `json:"job_states_to_report,omitempty"`
	// ReportTemplate makes the message; a Go template over the ProwJob.
	ReportTemplate string `json:"report_template,omitempty"`
	// Report false silences the job; unset is worked out when the ProwJob is made.
	Report *bool `json:"report,omitempty"`
}

// RerunAuthConfig says who may run a job again, or abort it, from deck.
type RerunAuthConfig struct {
	// AllowAnyone excludes all other fields.
	AllowAnyone bool `json:"allow_anyone,omitempty"`
	// GitHubTeamIDs are teams of the job's org.
	GitHubTeamIDs []int `json:"github_team_ids,omitempty"`
	// GitHubTeamSlugs are teams of any org.
	GitHubTeamSlugs []GitHubTeamSlug `json:"github_team_slugs,omitempty"`
	// GitHubUsers are logins.
	GitHubUsers []string `json:"github_users,omitempty"`
	// GitHubOrgs are orgs whose members are authorized.
	GitHubOrgs []string `json:"github_orgs,omitempty"`
}

// GitHubTeamSlug names a team of an org.
type GitHubTeamSlug struct {
	// Slug is the team's name, as in URLs.
	Slug string `json:"slug"`
	// Org is the team's org.
	Org string `json:"org"`
}

// ProwJobDefault holds defaults that config.yaml gives by repo and cluster.
type ProwJobDefault struct {
	// ResultStoreConfig sends results to Google's ResultStore.
	ResultStoreConfig *ResultStoreConfig `json:"resultstore_config,omitempty"`
	// TenantID is whose job it is; deck can show those of some tenants alone.
	TenantID string `json:"tenant_id,omitempty"`
}

// ResultStoreConfig sends results to Google's ResultStore.
type ResultStoreConfig struct {
	// ProjectID is the project of Google Cloud.
	ProjectID string `json:"project_id,omitempty"`
}
