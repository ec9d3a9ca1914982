// SPDX-License-Identifier: Apache-2.0

package config

// Environment is where a function finds config.yaml and the jobs, as a part of its environment.
type Environment struct {
	// Path is config.yaml.
	Path string `env:"CONFIG_PATH,required"`
	// JobPath is a job file or a folder of them.
	JobPath string `env:"JOB_CONFIG_PATH"`
	// SupplementalDirs are searched for files that end in _prowconfig.yaml.
	SupplementalDirs []string `env:"SUPPLEMENTAL_PROW_CONFIG_DIRS"`
}

// Files are the files to load.
func (e Environment) Files() Files {
	return Files{Config: e.Path, Jobs: e.JobPath, SupplementalConfigDirs: e.SupplementalDirs}
}
