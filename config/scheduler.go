// SPDX-License-Identifier: Apache-2.0

package config

import (
	"knative.dev/pkg/apis"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Scheduler configures who chooses the build cluster of a run.
type Scheduler struct {
	// Enabled makes new ProwJobs start in the state "scheduling".
	Enabled bool `json:"enabled,omitempty"`
	// Failover moves runs from one cluster to another.
	Failover *FailoverScheduling `json:"failover,omitempty"`
	// External asks a service.
	External *ExternalScheduling `json:"external,omitempty"`
}

// FailoverScheduling maps clusters to clusters.
type FailoverScheduling struct {
	// Mappings are the clusters where runs go, by the cluster that their job names.
	Mappings map[string]string `json:"mappings,omitempty"`
}

// ExternalScheduling is a service that chooses clusters.
type ExternalScheduling struct {
	// URL is where it is asked.
	URL string `json:"url,omitempty"`
	// Cache says how long its answers are kept. It must be set.
	Cache *SchedulingCache `json:"cache,omitempty"`
}

// SchedulingCache is how long answers are kept.
type SchedulingCache struct {
	// EntryTimeoutInterval is how long an answer is good. It must be set.
	EntryTimeoutInterval *prowv1.Duration `json:"entry_timeout_interval,omitempty"`
	// CleanupInterval is the time between two cleanings of the cache. It must be set.
	CleanupInterval *prowv1.Duration `json:"cleanup_interval,omitempty"`
}

// Validate reports a cache without its times.
func (s Scheduler) Validate() *apis.FieldError {
	if s.External == nil || s.Failover != nil {
		return nil
	}
	if s.External.Cache == nil {
		return apis.ErrMissingField("external.cache")
	}
	var errs *apis.FieldError
	if s.External.Cache.EntryTimeoutInterval == nil {
		errs = errs.Also(apis.ErrMissingField("external.cache.entry_timeout_interval"))
	}
	if s.External.Cache.CleanupInterval == nil {
		errs = errs.Also(apis.ErrMissingField("external.cache.cleanup_interval"))
	}
	return errs
}
