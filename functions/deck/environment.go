// SPDX-License-Identifier: Apache-2.0

package deck

import (
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/internal/blob"
)

// Environment is what the function reads, besides function.Environment.
type Environment struct {
	// Bucket holds the inbox, and artifacts may lie in it too: gs://, s3:// or file:///.
	Bucket string `env:"BUCKET"`
	// ArtifactBuckets are further buckets whose artifacts may be shown; those that the configuration names always are.
	ArtifactBuckets []string `env:"ARTIFACT_BUCKETS"`
	// Credentials open buckets, if the usual ways do not.
	Credentials blob.Credentials

	// Config has the configuration of deck and the jobs.
	Config config.Environment

	// Kubeconfig reaches the cluster with the ProwJobs; empty means the one this runs in.
	Kubeconfig string `env:"KUBECONFIG"`

	// ShowHidden shows hidden runs beside the others.
	ShowHidden bool `env:"SHOW_HIDDEN"`
	// HiddenOnly shows hidden runs only.
	HiddenOnly bool `env:"HIDDEN_ONLY"`
	// TenantIDs shows the runs of these tenants only; it excludes the two above.
	TenantIDs []string `env:"TENANT_IDS"`
}
