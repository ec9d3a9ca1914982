// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Duration is written as a Go duration string such as "2h0m0s" and read from
// one, or from a whole number of nanoseconds.
//
// +kubebuilder:validation:Type=string
type Duration struct {
	time.Duration `json:"-"`
}

// UnmarshalJSON reads "2h", or nanoseconds.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var nanoseconds int64
	if json.Unmarshal(b, &nanoseconds) == nil {
		d.Duration = time.Duration(nanoseconds)
		return nil
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("duration %s is neither a string such as \"2h\" nor whole nanoseconds", b)
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return err
	}
	d.Duration = parsed
	return nil
}

// MarshalJSON writes a Go duration string.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// Get is the duration, 0 when d is nil.
func (d *Duration) Get() time.Duration {
	if d == nil {
		return 0
	}
	return d.Duration
}

// DecorationConfig says how a pod is decorated: which utilities clone the
// code, guard the test process and upload the results, and how.
type DecorationConfig struct {
	// Timeout is how long the test process may run.
	Timeout *Duration `json:"timeout,omitempty"`
	// GracePeriod is how long it may clean up after the interrupt that follows.
	GracePeriod *Duration `json:"grace_period,omitempty"`
	// UtilityImages are the images of the pod utilities.
	UtilityImages *UtilityImages `json:"utility_images,omitempty"`
	// Resources are the resources of the utility containers.
	Resources *Resources `json:"resources,omitempty"`
	// GCSConfiguration says where results go, on any kind of storage.
	GCSConfiguration *GCSConfiguration `json:"gcs_configuration,omitempty"`
	// GCSCredentialsSecret names the secret with a service account's key.
	GCSCredentialsSecret *string `json:"gcs_credentials_secret,omitempty"`
	// S3CredentialsSecret names the secret with S3 credentials.
	S3CredentialsSecret *string `json:"s3_credentials_secret,omitempty"`
	// DefaultServiceAccountName is the pod's service account when the job names none.
	DefaultServiceAccountName *string `json:"default_service_account_name,omitempty"`
	// SSHKeySecrets name secrets with SSH keys for cloning.
	SSHKeySecrets []string `json:"ssh_key_secrets,omitempty"`
	// SSHHostFingerprints are known_hosts lines.
	SSHHostFingerprints []string `json:"ssh_host_fingerprints,omitempty"`
	// BloblessFetch clones without file contents of old commits.
	BloblessFetch *bool `json:"blobless_fetch,omitempty"`
	// SparseCheckoutFiles limits the checkout of the primary refs.
	SparseCheckoutFiles []string `json:"sparse_checkout_files,omitempty"`
	// SkipCloning leaves cloning out.
	SkipCloning *bool `json:"skip_cloning,omitempty"`
	// CookiefileSecret is "secret" or "secret/key", a git HTTP cookie file.
	CookiefileSecret *string `json:"cookiefile_secret,omitempty"`
	// OauthTokenSecret is a token for cloning over HTTPS; excludes SSHKeySecrets.
	OauthTokenSecret *OauthTokenSecret `json:"oauth_token_secret,omitempty"`
	// GitHubAPIEndpoints are for the GitHub App that clones.
	GitHubAPIEndpoints []string `json:"github_api_endpoints,omitempty"`
	// GitHubAppID is the app that clones.
	GitHubAppID string `json:"github_app_id,omitempty"`
	// GitHubAppPrivateKeySecret is the app's key.
	GitHubAppPrivateKeySecret *GitHubAppPrivateKeySecret `json:"github_app_private_key_secret,omitempty"`
	// CensorSecrets removes secrets from logs and artifacts.
	CensorSecrets *bool `json:"censor_secrets,omitempty"`
	// CensoringOptions tune the censoring.
	CensoringOptions *CensoringOptions `json:"censoring_options,omitempty"`
	// UploadIgnoresInterrupts lets the sidecar wait on after an interrupt.
	UploadIgnoresInterrupts *bool `json:"upload_ignores_interrupts,omitempty"`
	// SetLimitEqualsMemoryRequest makes each memory limit equal its request.
	SetLimitEqualsMemoryRequest *bool `json:"set_limit_equals_memory_request,omitempty"`
	// DefaultMemoryRequest is for containers that request no memory.
	DefaultMemoryRequest *resource.Quantity `json:"default_memory_request,omitempty"`
	// SchedulingOptions are for the pod when the job sets none.
	SchedulingOptions *SchedulingOptions `json:"scheduling_options,omitempty"`
	// PodPendingTimeout overrides plank.pod_pending_timeout.
	PodPendingTimeout *metav1.Duration `json:"pod_pending_timeout,omitempty"`
	// PodRunningTimeout overrides plank.pod_running_timeout.
	PodRunningTimeout *metav1.Duration `json:"pod_running_timeout,omitempty"`
	// PodUnscheduledTimeout overrides plank.pod_unscheduled_timeout.
	PodUnscheduledTimeout *metav1.Duration `json:"pod_unscheduled_timeout,omitempty"`
	// RunAsUser is the pod's user ID.
	RunAsUser *int64 `json:"run_as_user,omitempty"`
	// RunAsGroup is the pod's group ID.
	RunAsGroup *int64 `json:"run_as_group,omitempty"`
	// FsGroup owns the pod's volumes.
	FsGroup *int64 `json:"fs_group,omitempty"`
}

// UtilityImages are the images of the pod utilities.
type UtilityImages struct {
	// CloneRefs clones the code.
	CloneRefs string `json:"clonerefs,omitempty"`
	// InitUpload uploads what is known before the test process starts.
	InitUpload string `json:"initupload,omitempty"`
	// Entrypoint has the program that the test process runs under.
	Entrypoint string `json:"entrypoint,omitempty"`
	// Sidecar waits for the test process and uploads its results.
	Sidecar string `json:"sidecar,omitempty"`
}

// Resources are the resources of the utility containers.
type Resources struct {
	// CloneRefs are those of the container that clones the code.
	CloneRefs *corev1.ResourceRequirements `json:"clonerefs,omitempty"`
	// InitUpload are those of the container that uploads what is known at the start.
	InitUpload *corev1.ResourceRequirements `json:"initupload,omitempty"`
	// PlaceEntrypoint are those of the container that puts the entrypoint in its place.
	PlaceEntrypoint *corev1.ResourceRequirements `json:"place_entrypoint,omitempty"`
	// Sidecar are those of the container that uploads the results.
	Sidecar *corev1.ResourceRequirements `json:"sidecar,omitempty"`
}

// OauthTokenSecret names a key of a secret.
type OauthTokenSecret struct {
	// Name is the secret's name.
	Name string `json:"name,omitempty"`
	// Key is the key in the secret.
	Key string `json:"key,omitempty"`
}

// GitHubAppPrivateKeySecret names a key of a secret.
type GitHubAppPrivateKeySecret struct {
	// Name is the secret's name.
	Name string `json:"name,omitempty"`
	// Key is the key in the secret.
	Key string `json:"key,omitempty"`
}

// SchedulingOptions place the pod.
type SchedulingOptions struct {
	// Affinity is the pod's affinity.
	Affinity *corev1.Affinity `json:"affinity,omitempty"`
	// Tolerations are the pod's tolerations.
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`
}

// CensoringOptions tune how secrets are removed from what is uploaded.
type CensoringOptions struct {
	// CensoringConcurrency is how many files are censored at once; 10 when unset.
	CensoringConcurrency *int64 `json:"censoring_concurrency,omitempty"`
	// CensoringBufferSize is in bytes; 10 MiB when unset.
	CensoringBufferSize *int `json:"censoring_buffer_size,omitempty"`
	// IncludeDirectories are globs relative to $ARTIFACTS; empty means all.
	IncludeDirectories []string `json:"include_directories,omitempty"`
	// ExcludeDirectories are globs relative to $ARTIFACTS; they are looked at first.
	ExcludeDirectories []string `json:"exclude_directories,omitempty"`
	// MinimumSecretLength leaves shorter secrets alone.
	MinimumSecretLength *int `json:"minimum_secret_length,omitempty"`
	// TokenShapes also removes what has the shape of a known kind of token, such
	// as GitHub's or a private key, whether or not the pod has that as a secret;
	// true when unset. Not in Prow.
	TokenShapes *bool `json:"token_shapes,omitempty"`
}

// PathStrategy says how org and repo become part of a storage path.
type PathStrategy string

// The path strategies.
const (
	// PathStrategyLegacy leaves out the default org, and the default repo in it.
	PathStrategyLegacy PathStrategy = "legacy"
	// PathStrategyExplicit always writes org_repo.
	PathStrategyExplicit PathStrategy = "explicit"
	// PathStrategySingle leaves out org and repo for exactly the default repo.
	PathStrategySingle PathStrategy = "single"
)

// GCSConfiguration says where results are stored, on any kind of storage.
type GCSConfiguration struct {
	// Bucket is gs://b, s3://b, file:///dir, or b for gs://b.
	Bucket string `json:"bucket,omitempty"`
	// PathPrefix goes in front of every path.
	PathPrefix string `json:"path_prefix,omitempty"`
	// PathStrategy says how org and repo become part of the path.
	PathStrategy PathStrategy `json:"path_strategy,omitempty"`
	// DefaultOrg is required for the legacy and single strategies.
	DefaultOrg string `json:"default_org,omitempty"`
	// DefaultRepo is required for the legacy and single strategies.
	DefaultRepo string `json:"default_repo,omitempty"`
	// MediaTypes maps file extensions to media types.
	MediaTypes map[string]string `json:"mediaTypes,omitempty"`
	// JobURLPrefix is the base of the run's page.
	JobURLPrefix string `json:"job_url_prefix,omitempty"`
	// LocalOutputDir writes results to a directory instead.
	LocalOutputDir string `json:"local_output_dir,omitempty"`
	// CompressFileTypes are extensions, without the dot, stored with gzip; "*" is all.
	CompressFileTypes []string `json:"compress_file_types,omitempty"`
}
