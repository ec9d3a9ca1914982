// SPDX-License-Identifier: Apache-2.0

package config

import (
	"slices"
	"strings"
)

// InRepoConfig says which repos may bring their own jobs.
type InRepoConfig struct {
	// Enabled is by "*", org or org/repo; the narrowest wins.
	Enabled map[string]*bool `json:"enabled,omitempty"`
	// AllowedClusters is by "*", org or org/repo, and all are united; "*" is [default] when it is not there.
	AllowedClusters map[string][]string `json:"allowed_clusters,omitempty"`
}

// InRepoEnabled reports whether the repo may bring its own jobs.
func (c *Config) InRepoEnabled(orgRepo string) bool {
	for _, key := range inRepoKeys(orgRepo) {
		if enabled := c.InRepoConfig.Enabled[key]; enabled != nil {
			return *enabled
		}
	}
	return false
}

// InRepoAllowsCluster reports whether jobs that the repo brings may run on the cluster.
func (c *Config) InRepoAllowsCluster(orgRepo, cluster string) bool {
	return slices.ContainsFunc(inRepoKeys(orgRepo), func(key string) bool {
		return slices.Contains(c.InRepoConfig.AllowedClusters[key], cluster)
	})
}

// inRepoKeys are the keys for a repo, the narrowest first. Those of Gerrit may be written with or without a scheme.
func inRepoKeys(orgRepo string) []string {
	keys := []string{orgRepo}
	plain := strings.TrimPrefix(strings.TrimPrefix(orgRepo, "https://"), "http://")
	if plain != orgRepo {
		keys = append(keys, plain)
	} else if host, _, _ := strings.Cut(orgRepo, "/"); strings.Contains(host, ".") {
		keys = append(keys, "https://"+orgRepo, "http://"+orgRepo)
	}
	host, _, _ := strings.Cut(plain, "/")
	keys = append(keys, host)
	if plain != orgRepo || strings.Contains(host, ".") {
		keys = append(keys, "https://"+host, "http://"+host)
	}
	return append(keys, "*")
}

func (c *InRepoConfig) setDefaults() {
	if c.AllowedClusters["*"] != nil { // An empty list allows none; null is as if it were not there.
		return
	}
	if c.AllowedClusters == nil {
		c.AllowedClusters = map[string][]string{}
	}
	c.AllowedClusters["*"] = []string{"default"}
}
