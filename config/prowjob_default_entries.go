// SPDX-License-Identifier: Apache-2.0

package config

import prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"

// ProwJobDefaultEntry gives prowjob_defaults to the jobs of some repos and clusters.
type ProwJobDefaultEntry struct {
	// OrgRepo is org/repo, org, or "*" or empty for all.
	OrgRepo string `json:"repo,omitempty"`
	// Cluster is a build cluster, or "*" or empty for all.
	Cluster string `json:"cluster,omitempty"`
	// Config is what is merged in; later entries win.
	Config *prowv1.ProwJobDefault `json:"config,omitempty"`
}

// globalTenant is the tenant of jobs that have none.
const globalTenant = "GlobalDefaultID"

// DefaultProwJobDefault is prowjob_defaults of jobs of a repo on a cluster that set nothing.
func (c *Config) DefaultProwJobDefault(orgRepo, cluster string) *prowv1.ProwJobDefault {
	merged := &prowv1.ProwJobDefault{}
	for _, entry := range c.ProwJobDefaultEntries {
		if entry.Config == nil || !matches(entry.OrgRepo, entry.Cluster, orgRepo, cluster) {
			continue
		}
		if entry.Config.TenantID != "" {
			merged.TenantID = entry.Config.TenantID
		}
		if entry.Config.ResultStoreConfig != nil {
			merged.ResultStoreConfig = entry.Config.ResultStoreConfig.DeepCopy()
		}
	}
	fill(&merged.TenantID, globalTenant)
	return merged
}
