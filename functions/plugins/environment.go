// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"time"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// Environment is what the function reads, besides function.Environment.
type Environment struct {
	// Bucket holds the inbox: gs://, s3:// or file:///.
	Bucket string `env:"BUCKET,required"`
	// Credentials open it, if the usual ways do not.
	Credentials blob.Credentials
	// HMACSecretFile holds the tokens that webhooks are signed with.
	HMACSecretFile string `env:"HMAC_SECRET_FILE,required"`

	// Config is where config.yaml and the jobs are.
	Config config.Environment
	// PluginConfig is plugins.yaml.
	PluginConfig string `env:"PLUGIN_CONFIG,required"`
	// SupplementalPluginConfigDirs are searched for files that end in _pluginconfig.yaml.
	SupplementalPluginConfigDirs []string `env:"SUPPLEMENTAL_PLUGIN_CONFIG_DIRS"`

	// GitHub is where and who the bot is.
	GitHub github.Environment

	// Kubeconfig reaches the cluster with the ProwJobs; empty means the one this runs in.
	Kubeconfig string `env:"KUBECONFIG"`
	// DryRun has the API server check ProwJobs, and not keep them. It implies GITHUB_DRY_RUN.
	DryRun bool `env:"DRY_RUN"`

	// GitCacheDir keeps mirrors of repositories that hold their own jobs; empty means a folder that is
	// removed at the end.
	GitCacheDir string `env:"GIT_CACHE_DIR"`
	// PluginTimeout is how long one plugin may take over one event. It must be
	// shorter than the time the sender waits for an answer.
	PluginTimeout time.Duration `env:"PLUGIN_TIMEOUT,default=4m"`
}
