// SPDX-License-Identifier: Apache-2.0

// Package options holds the options of the pod utilities that clone and upload,
// as they travel in the environment of a decorated pod. The JSON names are
// Prow's; the entrypoint's options are in podutils/wrapper.
package options

import (
	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// Environment variables that hold a utility's options as JSON.
const (
	CloneEnv      = "CLONEREFS_OPTIONS"
	InitUploadEnv = "INITUPLOAD_OPTIONS"
	SidecarEnv    = "SIDECAR_OPTIONS"
)

// What clonerefs puts into commits that it makes, unless told otherwise.
const (
	DefaultGitUserName  = "ci-robot"
	DefaultGitUserEmail = "ci-robot@k8s.io"
)

// DefaultGitHubAPI is the endpoint for app tokens, unless told otherwise.
const DefaultGitHubAPI = "https://api.github.com"

// Clone are the options of clonerefs.
type Clone struct {
	// SrcRoot is the folder that the code is cloned below.
	SrcRoot string `json:"src_root"`
	// Log is the file for the records of what was done.
	Log string `json:"log"`
	// GitUserName and GitUserEmail go into merge commits.
	GitUserName  string `json:"git_user_name,omitempty"`
	GitUserEmail string `json:"git_user_email,omitempty"`
	// Refs are cloned; the first is the code under test.
	Refs []prowv1.Refs `json:"refs"`
	// KeyFiles are SSH keys, or folders of them.
	KeyFiles []string `json:"key_files,omitempty"`
	// OauthTokenFile holds a token for cloning over HTTPS.
	OauthTokenFile string `json:"oauth_token_file,omitempty"`
	// HostFingerprints are known_hosts lines.
	HostFingerprints []string `json:"host_fingerprints,omitempty"`
	// MaxParallelWorkers limits how many refs are cloned at once; 0 is all.
	MaxParallelWorkers int `json:"max_parallel_workers,omitempty"`
	// Fail makes the program fail when a clone fails; else only its record says so.
	Fail bool `json:"fail,omitempty"`
	// CookiePath is a cookie file for HTTP.
	CookiePath string `json:"cookie_path,omitempty"`
	// GitHubAPIEndpoints, GitHubAppID and GitHubAppPrivateKeyFile are for a GitHub App that clones.
	GitHubAPIEndpoints      []string `json:"github_api_endpoints,omitempty"`
	GitHubAppID             string   `json:"github_app_id,omitempty"`
	GitHubAppPrivateKeyFile string   `json:"github_app_private_key_file,omitempty"`
}

// Upload says what is uploaded, and where to.
type Upload struct {
	// Items are files, and folders with all below them.
	Items []string `json:"items,omitempty"`
	// SubDir goes between the run's folder and the items.
	SubDir string `json:"sub_dir,omitempty"`

	*prowv1.GCSConfiguration

	// GCSCredentialsFile is a service account's key.
	GCSCredentialsFile string `json:"gcs_credentials_file,omitempty"`
	// S3CredentialsFile holds S3 credentials and endpoint.
	S3CredentialsFile string `json:"s3_credentials_file,omitempty"`
	// DryRun only says what would be uploaded.
	DryRun bool `json:"dry_run"`
}

// InitUpload are the options of initupload.
type InitUpload struct {
	Upload
	// Log is the file with clonerefs' records; empty when nothing was cloned.
	Log string `json:"log,omitempty"`
}

// Sidecar are the options of sidecar.
type Sidecar struct {
	// GCSOptions say where to upload.
	GCSOptions *Upload `json:"gcs_options,omitempty"`
	// WrapperOptions is the one entry of pods that an old version made.
	WrapperOptions *wrapper.Options `json:"wrapper_options,omitempty"`
	// Entries are the processes to wait for.
	Entries []wrapper.Options `json:"entries,omitempty"`
	// EntryError makes sidecar fail when an entry failed.
	EntryError bool `json:"entry_error,omitempty"`
	// IgnoreInterrupts makes sidecar wait on when told to stop.
	IgnoreInterrupts bool `json:"ignore_interrupts,omitempty"`
	// WriteMemoryProfile writes a heap profile beside the logs.
	WriteMemoryProfile bool `json:"write_memory_profile,omitempty"`
	// CensoringOptions say which secrets are removed from what is uploaded.
	CensoringOptions *Censoring `json:"censoring_options,omitempty"`

	// These are of pods that an old version made, and an error beside CensoringOptions.
	SecretDirectories    []string `json:"secret_directories,omitempty"`
	CensoringConcurrency *int64   `json:"censoring_concurrency,omitempty"`
	CensoringBufferSize  *int     `json:"censoring_buffer_size,omitempty"`
}

// Censoring says which secrets are removed from what is uploaded.
type Censoring struct {
	// SecretDirectories hold the secrets, one a file.
	SecretDirectories []string `json:"secret_directories,omitempty"`
	// CensoringConcurrency is how many files are censored at once; unset means 10.
	CensoringConcurrency *int64 `json:"censoring_concurrency,omitempty"`
	// CensoringBufferSize is in bytes; unset means 10 MiB.
	CensoringBufferSize *int `json:"censoring_buffer_size,omitempty"`
	// IncludeDirectories are globs relative to the artifacts; none means all.
	IncludeDirectories []string `json:"include_directories,omitempty"`
	// ExcludeDirectories are globs relative to the artifacts, looked at first.
	ExcludeDirectories []string `json:"exclude_directories,omitempty"`
	// IniFilenames are names of secret files whose single values are secrets too.
	IniFilenames []string `json:"ini_filenames,omitempty"`
	// MinimumSecretLength leaves shorter secrets alone.
	MinimumSecretLength *int `json:"minimum_secret_length,omitempty"`
	// TokenShapes also removes what has the shape of a known kind of token; unset
	// means true. Not in Prow.
	TokenShapes *bool `json:"token_shapes,omitempty"`
}
