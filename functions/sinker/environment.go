// SPDX-License-Identifier: Apache-2.0

package sinker

import "github.com/cutwater-ci/cutwater/config"

// Environment is what the function reads, besides function.Environment.
type Environment struct {
	// Config has the rules, and the periodics, whose last runs are kept.
	Config config.Environment
	// Kubeconfig reaches the cluster with the ProwJobs; empty means the one this runs in.
	Kubeconfig string `env:"KUBECONFIG"`
}
