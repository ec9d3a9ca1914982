// SPDX-License-Identifier: Apache-2.0

package config

// Pipeline configures the runs of agent tekton-pipeline.
type Pipeline struct {
	// AllowConcurrentPostsubmitJobs keeps an older run of a postsubmit when a newer
	// one of the same repository and branch starts. Older runs of presubmits for a
	// pull always end. False, the default, ends both.
	AllowConcurrentPostsubmitJobs bool `json:"allow_concurrent_postsubmit_jobs,omitempty"`
}
