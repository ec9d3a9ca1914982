// SPDX-License-Identifier: Apache-2.0

package horologium

import (
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/internal/blob"
)

// Environment is what the function reads, besides function.Environment.
type Environment struct {
	// Config has the periodics.
	Config config.Environment
	// Bucket has the inbox, and in it a copy of the last good configuration, for when the
	// files are wrong: gs://, s3:// or file:///. Empty means that there is no copy.
	Bucket string `env:"BUCKET"`
	// Credentials open it, if the usual ways do not.
	Credentials blob.Credentials
	// Kubeconfig reaches the cluster with the ProwJobs; empty means the one this runs in.
	Kubeconfig string `env:"KUBECONFIG"`
}
