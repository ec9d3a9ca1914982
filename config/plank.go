// SPDX-License-Identifier: Apache-2.0

package config

import prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"

// Plank configures how ProwJobs get their pods and how they are reported.
type Plank struct {
	Controller

	// PodPendingTimeout is how long a pod may be pending; 10m when unset.
	PodPendingTimeout *prowv1.Duration `json:"pod_pending_timeout,omitempty"`
	// PodRunningTimeout is how long a pod may run; 48h when unset.
	PodRunningTimeout *prowv1.Duration `json:"pod_running_timeout,omitempty"`
	// PodUnscheduledTimeout is how long a pod may wait for a node; 5m when unset.
	PodUnscheduledTimeout *prowv1.Duration `json:"pod_unscheduled_timeout,omitempty"`
	// MaxRevivals is how often a pod that was stopped from outside is started again; 3 when unset.
	MaxRevivals *int `json:"max_revivals,omitempty"`

	// DefaultDecorationConfigs is the old form of DefaultDecorationConfigEntries, by "*", org or org/repo.
	DefaultDecorationConfigs map[string]*prowv1.DecorationConfig `json:"default_decoration_configs,omitempty"`
	// DefaultDecorationConfigEntries are merged in this order, where they match; later ones win.
	DefaultDecorationConfigEntries []DecorationEntry `json:"default_decoration_config_entries,omitempty"`

	// JobURLPrefixConfig is the base of the pages of runs, by "*", org or org/repo.
	JobURLPrefixConfig map[string]string `json:"job_url_prefix_config,omitempty"`
	// JobURLPrefixDisableAppendStorageProvider leaves "gs/" or "s3/" out of the URL.
	JobURLPrefixDisableAppendStorageProvider bool `json:"jobURLPrefixDisableAppendStorageProvider,omitempty"`
	// BuildClusterStatusFile is where the health of the build clusters is written, a path in a bucket.
	BuildClusterStatusFile string `json:"build_cluster_status_file,omitempty"`
	// JobQueueCapacities is how many runs of a queue may be pending; 0 blocks all, less is no limit.
	JobQueueCapacities map[string]int `json:"job_queue_capacities,omitempty"`

	// decorations are the default decorations of both forms, in the order in which they are merged.
	decorations []DecorationEntry
}

// DecorationEntry is a default decoration for some repos and clusters.
type DecorationEntry struct {
	// OrgRepo is org/repo, org, or "*" or empty for all.
	OrgRepo string `json:"repo,omitempty"`
	// Cluster is a build cluster, or "*" or empty for all.
	Cluster string `json:"cluster,omitempty"`
	// Config is what is merged in.
	Config *prowv1.DecorationConfig `json:"config,omitempty"`
}

// JobURLPrefix is the base of the page of a run: what its decoration says, else job_url_prefix_config by org/repo, org and "*".
func (p *Plank) JobURLPrefix(pj *prowv1.ProwJob) string {
	if d := pj.Spec.DecorationConfig; d != nil && d.GCSConfiguration != nil && d.GCSConfiguration.JobURLPrefix != "" {
		return d.GCSConfiguration.JobURLPrefix
	}
	return narrowest(p.JobURLPrefixConfig, pj.Spec.MainRefs())
}
