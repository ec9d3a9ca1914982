// SPDX-License-Identifier: Apache-2.0

// Package config is config.yaml and the job files: it reads, defaults and
// validates them, all errors in one run with file, line and path, and keeps
// an immutable snapshot that is replaced when the files change. Then only job
// files are parsed again that have other bytes than before, unless settings or
// presets have changed that all jobs depend on.
//
// One file per top-level key, more where it has much to say. Changes: nothing. In Prow: pkg/config.
package config

import (
	"slices"
	"strings"
	"time"

	"knative.dev/pkg/apis"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/jobs"
)

// Files names the files of a configuration.
type Files struct {
	// Config is config.yaml.
	Config string
	// Jobs is a job file or a folder of them; empty for none.
	Jobs string
	// SupplementalConfigDirs are folders searched for files that end in SupplementalSuffix.
	SupplementalConfigDirs []string
	// SupplementalSuffix is "_prowconfig.yaml" when empty.
	SupplementalSuffix string
}

// Config is one state of the whole configuration, with all defaults. It is
// immutable: nobody may change what it points to.
type Config struct {
	// Version is what the file VERSION beside config.yaml says.
	Version string `json:"config_version_sha,omitempty"`
	// ProwJobNamespace is where ProwJobs are; "default" when unset.
	ProwJobNamespace string `json:"prowjob_namespace,omitempty"`
	// PodNamespace is where pods are, on every build cluster; "default" when unset.
	PodNamespace string `json:"pod_namespace,omitempty"`
	// LogLevel is trace, debug, info, warn, warning, error, fatal or panic, in any case; "info" when unset.
	LogLevel string `json:"log_level,omitempty"`
	// StatusErrorLink is where people report errors; "https://github.com/kubernetes/test-infra/issues" when unset.
	StatusErrorLink string `json:"status_error_link,omitempty"`
	// DefaultJobTimeout is how long a decorated job may run that has no timeout; 24h when unset.
	DefaultJobTimeout *prowv1.Duration `json:"default_job_timeout,omitempty"`
	// DisabledClusters are build clusters that are left out when kubeconfigs are read.
	DisabledClusters []string `json:"disabled_clusters,omitempty"`

	Plank             Plank              `json:"plank"`
	Sinker            Sinker             `json:"sinker"`
	Deck              Deck               `json:"deck"`
	GitHubReporter    GitHubReporter     `json:"github_reporter"`
	Horologium        Horologium         `json:"horologium"`
	InRepoConfig      InRepoConfig       `json:"in_repo_config"`
	Scheduler         Scheduler          `json:"scheduler"`
	GitHub            GitHub             `json:"github"`
	OwnersDirDenylist *OwnersDirDenylist `json:"owners_dir_denylist,omitempty"`
	// ProwJobDefaultEntries are merged in this order, where they match, to what jobs have for prowjob_defaults.
	ProwJobDefaultEntries []ProwJobDefaultEntry `json:"prowjob_default_entries,omitempty"`
	Tide                  Tide                  `json:"tide"`
	BranchProtection      BranchProtection      `json:"branch-protection"`
	Pipeline              Pipeline              `json:"pipeline"`
	// JenkinsOperators configure those that start the jobs of agent jenkins.
	JenkinsOperators []JenkinsOperator `json:"jenkins_operators,omitempty"`
	Gerrit           Gerrit            `json:"gerrit"`
	// SlackReporterConfigs configure what is reported to Slack, by org/repo, org or "*"; the narrowest is taken alone.
	SlackReporterConfigs SlackReporters      `json:"slack_reporter_configs,omitempty"`
	Gangway              Gangway             `json:"gangway"`
	Moonraker            Moonraker           `json:"moonraker"`
	PushGateway          PushGateway         `json:"push_gateway"`
	PubSubSubscriptions  PubSubSubscriptions `json:"pubsub_subscriptions,omitempty"`
	// PubSubTriggers let messages of Google Cloud Pub/Sub start jobs.
	PubSubTriggers  []PubSubTrigger `json:"pubsub_triggers,omitempty"`
	ManagedWebhooks ManagedWebhooks `json:"managed_webhooks"`

	// Jobs is all static jobs.
	Jobs *jobs.Jobs `json:"-"`
	// Warnings is what is odd and does no harm: keys that nobody knows, for example.
	Warnings []document.Problem `json:"-"`
	// Unread is the keys that are given, but that no part of the system acts on yet.
	Unread []document.Problem `json:"-"`

	decorateAll bool
	// twoPubSubs says that the old and the new form of the Pub/Sub triggers are both given.
	twoPubSubs bool
}

// Presubmits are the static presubmits of a repo. Those of Gerrit's may be written with or without the scheme.
func (c *Config) Presubmits(orgRepo string) []jobs.Presubmit {
	return withPlain(c.Jobs.Presubmits, orgRepo)
}

// Postsubmits are the static postsubmits of a repo. Those of Gerrit's may be written with or without the scheme.
func (c *Config) Postsubmits(orgRepo string) []jobs.Postsubmit {
	return withPlain(c.Jobs.Postsubmits, orgRepo)
}

// withPlain are the jobs of a repo and, if it has a scheme, of the same one without.
func withPlain[T any](byRepo map[string][]T, orgRepo string) []T {
	plain := strings.TrimPrefix(strings.TrimPrefix(orgRepo, "https://"), "http://")
	if plain == orgRepo || len(byRepo[plain]) == 0 {
		return byRepo[orgRepo]
	}
	return slices.Concat(byRepo[orgRepo], byRepo[plain])
}

// Periodics are all periodics.
func (c *Config) Periodics() []jobs.Periodic { return c.Jobs.Periodics }

// The defaults of the scalars.
const (
	defaultNamespace       = "default"
	defaultLogLevel        = "info"
	defaultStatusErrorLink = "https://github.com/kubernetes/test-infra/issues"
	defaultJobTimeout      = 24 * time.Hour
)

// setDefaults fills in what is unset.
func (c *Config) setDefaults() {
	fill(&c.ProwJobNamespace, defaultNamespace)
	fill(&c.PodNamespace, defaultNamespace)
	fill(&c.LogLevel, defaultLogLevel)
	fill(&c.StatusErrorLink, defaultStatusErrorLink)
	fillDuration(&c.DefaultJobTimeout, defaultJobTimeout)
	c.Plank.setDefaults()
	c.Sinker.setDefaults()
	c.Deck.setDefaults()
	c.GitHubReporter.setDefaults()
	c.InRepoConfig.setDefaults()
	c.GitHub.setDefaults()
	c.Tide.setDefaults()
	c.Gerrit.setDefaults()
	c.SlackReporterConfigs.setDefaults()
	c.Moonraker.setDefaults()
	c.PushGateway.setDefaults()
	for i := range c.JenkinsOperators {
		c.JenkinsOperators[i].setDefaults()
	}
	c.setPubSubDefaults()
}

// Validate reports what is wrong in config.yaml, jobs aside.
func (c *Config) Validate(now time.Time) *apis.FieldError {
	var errs *apis.FieldError
	if !slices.Contains([]string{"trace", "debug", "info", "warn", "warning", "error", "fatal", "panic"}, strings.ToLower(c.LogLevel)) {
		errs = errs.Also(apis.ErrInvalidValue(c.LogLevel, "log_level", "want debug, info, warn, warning, error, fatal or panic"))
	}
	return errs.Also(
		c.Plank.Validate().ViaField("plank"),
		c.Deck.Validate().ViaField("deck"),
		c.GitHub.Validate().ViaField("github"),
		c.GitHubReporter.Validate().ViaField("github_reporter"),
		c.Scheduler.Validate().ViaField("scheduler"),
		c.OwnersDirDenylist.Validate().ViaField("owners_dir_denylist"),
		c.Tide.Validate().ViaField("tide"),
		c.BranchProtection.Validate().ViaField("branch-protection"),
		c.validateJenkins(),
		c.Gerrit.Validate().ViaField("gerrit"),
		c.SlackReporterConfigs.Validate().ViaField("slack_reporter_configs"),
		c.Gangway.Validate().ViaField("gangway"),
		c.validatePubSub(),
		c.ManagedWebhooks.Validate(now).ViaField("managed_webhooks"),
	)
}

// exclusive says that a field is given beside another one, and excludes it. (The
// like in package apis has one text for all, and such errors become one.)
func exclusive(field, other string) *apis.FieldError {
	return apis.ErrGeneric("excludes "+other, field)
}

// fill sets what is the zero value.
func fill[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// fillDuration sets what is unset. A zero that is given stays.
func fillDuration(d **prowv1.Duration, def time.Duration) {
	if *d == nil {
		*d = &prowv1.Duration{Duration: def}
	}
}
