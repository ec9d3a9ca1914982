// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/json"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Deck configures the web pages.
type Deck struct {
	Spyglass Spyglass `json:"spyglass"`
	// TideUpdatePeriod is how often tide's state is fetched; 10s when unset.
	TideUpdatePeriod *prowv1.Duration `json:"tide_update_period,omitempty"`
	// HiddenRepos are orgs and org/repos whose runs are shown only with hidden jobs.
	HiddenRepos []string `json:"hidden_repos,omitempty"`
	// ExternalAgentLogs are where logs of other agents are.
	ExternalAgentLogs []ExternalAgentLog `json:"external_agent_logs,omitempty"`
	// Branding is logo and colours.
	Branding *Branding `json:"branding,omitempty"`
	// GoogleAnalytics is a tracking code.
	GoogleAnalytics string `json:"google_analytics,omitempty"`
	// RerunAuthConfigs is the old form of DefaultRerunAuthConfigs, by "", "*", org or org/repo.
	RerunAuthConfigs map[string]*prowv1.RerunAuthConfig `json:"rerun_auth_configs,omitempty"`
	// DefaultRerunAuthConfigs say who may run jobs again; the last that matches wins.
	DefaultRerunAuthConfigs []RerunAuthEntry `json:"default_rerun_auth_configs,omitempty"`
	// SkipStoragePathValidation shows what is in any bucket, false what is in known ones; true when unset.
	SkipStoragePathValidation *bool `json:"skip_storage_path_validation,omitempty"`
	// AdditionalAllowedBuckets are allowed beside those of the configuration.
	AdditionalAllowedBuckets []string `json:"additional_allowed_buckets,omitempty"`
}

// Spyglass configures the pages of runs.
type Spyglass struct {
	// Lenses show artifacts.
	Lenses []LensFile `json:"lenses,omitempty"`
	// Viewers is the old form of Lenses: regular expression to names.
	Viewers map[string][]string `json:"viewers,omitempty"`
	// SizeLimit is the greatest artifact shown, in bytes; 100e6 when unset.
	SizeLimit int64 `json:"size_limit,omitempty"`
	// GCSBrowserPrefix is the old form of GCSBrowserPrefixes["*"].
	GCSBrowserPrefix string `json:"gcs_browser_prefix,omitempty"`
	// GCSBrowserPrefixes is the base of links to the bucket, by "*", org or org/repo.
	GCSBrowserPrefixes map[string]string `json:"gcs_browser_prefixes,omitempty"`
	// GCSBrowserPrefixesByBucket is the like by "*" or bucket.
	GCSBrowserPrefixesByBucket map[string]string `json:"gcs_browser_prefixes_by_bucket,omitempty"`
	// Announcement is shown on every page of a run: an HTML template with .ArtifactPath.
	Announcement string `json:"announcement,omitempty"`
	// TestGridConfig is where TestGrid's configuration is.
	TestGridConfig string `json:"testgrid_config,omitempty"`
	// TestGridRoot is TestGrid's base URL.
	TestGridRoot string `json:"testgrid_root,omitempty"`
	// HidePRHistLink leaves out the link to the history of the pull.
	HidePRHistLink bool `json:"hide_pr_history_link,omitempty"`
	// PRHistLinkTemplate makes that link: a Go template with .Org, .Repo and .Number;
	// "/pr-history?org={{.Org}}&repo={{.Repo}}&pr={{.Number}}" when unset.
	PRHistLinkTemplate string `json:"pr_history_link_template,omitempty"`
	// BucketAliases maps names in URLs to buckets.
	BucketAliases map[string]string `json:"bucket_aliases,omitempty"`

	// twoPrefixes and twoBucketPrefixes say that the old and a new form are both given.
	twoPrefixes, twoBucketPrefixes bool
}

// LensFile says which artifacts a lens shows.
type LensFile struct {
	// RequiredFiles are regular expressions that must all match some artifact.
	RequiredFiles []string `json:"required_files"`
	// OptionalFiles are shown too.
	OptionalFiles []string `json:"optional_files,omitempty"`
	// Lens is what shows them.
	Lens Lens `json:"lens"`
	// RemoteConfig makes it a lens that runs elsewhere.
	RemoteConfig *RemoteLens `json:"remote_config,omitempty"`
}

// Lens names a lens and gives its configuration.
type Lens struct {
	// Name is the name of the lens.
	Name string `json:"name"`
	// Config is given to the lens as it is.
	Config json.RawMessage `json:"config,omitempty"`
}

// RemoteLens is where a lens runs.
type RemoteLens struct {
	// Endpoint is the URL that renders the artifacts.
	Endpoint string `json:"endpoint"`
	// StaticRoot is the base of the lens's scripts and styles.
	StaticRoot string `json:"static_root"`
	// Title is what stands above it.
	Title string `json:"title"`
	// Priority puts lenses in order, the greatest first.
	Priority *uint `json:"priority,omitempty"`
	// HideTitle shows it without a title.
	HideTitle *bool `json:"hide_title,omitempty"`
}

// ExternalAgentLog is where the logs of an agent are.
type ExternalAgentLog struct {
	// Agent is the agent of the jobs that are meant.
	Agent string `json:"agent,omitempty"`
	// Selector is a label selector over ProwJobs.
	Selector string `json:"selector,omitempty"`
	// URLTemplate makes the URL; a Go template over the ProwJob.
	URLTemplate string `json:"url_template,omitempty"`
}

// Branding is how the pages look.
type Branding struct {
	// Logo is the URL of a picture.
	Logo string `json:"logo,omitempty"`
	// Favicon is the URL of the picture in the browser's tab.
	Favicon string `json:"favicon,omitempty"`
	// BackgroundColor is a colour as CSS has it.
	BackgroundColor string `json:"background_color,omitempty"`
	// HeaderColor is the colour of the bar at the top, as CSS has it.
	HeaderColor string `json:"header_color,omitempty"`
}

// RerunAuthEntry says for some repos and clusters who may run jobs again.
type RerunAuthEntry struct {
	// OrgRepo is org/repo, org, or "*" or empty for all.
	OrgRepo string `json:"repo,omitempty"`
	// Cluster is a build cluster, or "*" or empty for all.
	Cluster string `json:"cluster,omitempty"`
	// Config says who may.
	Config *prowv1.RerunAuthConfig `json:"rerun_auth_configs,omitempty"`
}
