// SPDX-License-Identifier: Apache-2.0

package horologium

// Environment is what the function reads, besides function.Environment.
type Environment struct {
	// ConfigPath is config.yaml.
	ConfigPath string `env:"CONFIG_PATH,required"`
	// JobConfigPath is a job file or a folder of them, with the periodics.
	JobConfigPath string `env:"JOB_CONFIG_PATH"`
	// SupplementalConfigDirs are searched for files that end in _prowconfig.yaml.
	SupplementalConfigDirs []string `env:"SUPPLEMENTAL_PROW_CONFIG_DIRS"`
	// Kubeconfig reaches the cluster with the ProwJobs; empty means the one this runs in.
	Kubeconfig string `env:"KUBECONFIG"`
}
