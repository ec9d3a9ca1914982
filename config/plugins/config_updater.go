// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"knative.dev/pkg/apis"
)

// ConfigUpdater configures the config-updater plugin, which brings files of a
// repo into ConfigMaps when pulls that change them are merged.
type ConfigUpdater struct {
	// ClusterGroups are places by a name that maps can use. Once the configuration is loaded they are
	// written out in the maps, and none are left here.
	ClusterGroups map[string]ClusterGroup `json:"cluster_groups,omitempty"`
	// Maps say which files go where: by glob over the paths of files, in which ** matches folders and
	// {a,b} alternatives. When unset, config/prow/config.yaml goes to the ConfigMap config, and
	// config/prow/plugins.yaml to plugins.
	Maps map[string]ConfigMap `json:"maps,omitempty"`
	// GZIP compresses the contents of files, where the map does not say otherwise.
	GZIP bool `json:"gzip"`
}

// ClusterGroup is namespaces that are the same on several clusters.
type ClusterGroup struct {
	// Clusters are build clusters.
	Clusters []string `json:"clusters,omitempty"`
	// Namespaces are namespaces on each of them.
	Namespaces []string `json:"namespaces,omitempty"`
}

// ConfigMap says where the contents of files go.
type ConfigMap struct {
	// Name is the name of the ConfigMap.
	Name string `json:"name"`
	// PartitionedNames are, in place of Name, up to 256 ConfigMaps that share the files, by the hash of the
	// key: a ConfigMap holds 1 MiB at most.
	PartitionedNames []string `json:"partitioned_names,omitempty"`
	// Key is the key in the ConfigMap; the name of the file when unset.
	Key string `json:"key,omitempty"`
	// GZIP overrides what counts for all maps.
	GZIP *bool `json:"gzip,omitempty"`
	// Clusters are namespaces by build cluster; the namespace of ProwJobs ("") on the cluster "default" when
	// unset and there are no ClusterGroups.
	Clusters map[string][]string `json:"clusters,omitempty"`
	// ClusterGroups are, in place of Clusters, names of groups.
	ClusterGroups []string `json:"cluster_groups,omitempty"`
	// UseFullPathAsKey makes the whole path of the file the key, with dashes for slashes.
	UseFullPathAsKey bool `json:"use_full_path_as_key,omitempty"`
	// AllowedRepos are the orgs and org/repos whose files count; all when unset.
	AllowedRepos []string `json:"allowed_repos,omitempty"`
	// DeniedRepos are orgs and org/repos whose files do not count.
	DeniedRepos []string `json:"denied_repos,omitempty"`
}

// maxPartitions is how many ConfigMaps can share files: the first byte of the key's hash chooses one.
const maxPartitions = 256

func (u *ConfigUpdater) setDefaults() {
	if len(u.Maps) == 0 {
		u.Maps = map[string]ConfigMap{
			"config/prow/config.yaml":  {Name: "config"},
			"config/prow/plugins.yaml": {Name: "plugins"},
		}
	}
	for glob, m := range u.Maps {
		if len(m.Clusters) == 0 && len(m.ClusterGroups) == 0 {
			m.Clusters = map[string][]string{"default": {""}}
			u.Maps[glob] = m
		}
	}
}

// resolve writes out the groups. The configuration is valid.
func (u *ConfigUpdater) resolve() {
	for glob, m := range u.Maps {
		if len(m.ClusterGroups) == 0 {
			continue
		}
		m.Clusters = map[string][]string{}
		for _, name := range m.ClusterGroups {
			for _, cluster := range u.ClusterGroups[name].Clusters {
				m.Clusters[cluster] = append(m.Clusters[cluster], u.ClusterGroups[name].Namespaces...)
			}
		}
		m.ClusterGroups = nil
		u.Maps[glob] = m
	}
	u.ClusterGroups = nil
}

// Validate reports maps that contradict themselves or each other.
func (u ConfigUpdater) Validate() *apis.FieldError {
	var errs *apis.FieldError
	type place struct{ name, cluster, namespace, key string }
	taken := map[place]string{}
	for _, glob := range slices.Sorted(maps.Keys(u.Maps)) {
		m := u.Maps[glob]
		errs = errs.Also(u.validate(m).ViaFieldKey("maps", glob))
		for _, cluster := range slices.Sorted(maps.Keys(m.Clusters)) {
			for _, namespace := range m.Clusters[cluster] {
				to := place{cmp.Or(m.Name, strings.Join(m.PartitionedNames, ",")), cluster, namespace, m.key(glob)}
				if other, ok := taken[to]; ok && other != glob {
					message := fmt.Sprintf("the key %s of the ConfigMap %s comes from %s already", to.key, to.name, other)
					errs = errs.Also(apis.ErrGeneric(message, apis.CurrentField).ViaFieldKey("maps", glob))
				}
				taken[to] = glob
			}
		}
	}
	return errs
}

// validate reports what is wrong with one map.
func (u ConfigUpdater) validate(m ConfigMap) *apis.FieldError {
	var errs *apis.FieldError
	if m.Name != "" && len(m.PartitionedNames) > 0 {
		errs = errs.Also(apis.ErrGeneric("may not be given beside name", "partitioned_names"))
	}
	if n := len(m.PartitionedNames); n > maxPartitions {
		errs = errs.Also(apis.ErrGeneric(fmt.Sprintf("has %d names, more than %d", n, maxPartitions), "partitioned_names"))
	}
	if len(m.Clusters) > 0 && len(m.ClusterGroups) > 0 {
		errs = errs.Also(apis.ErrGeneric("may not be given beside clusters", "cluster_groups"))
	}
	for i, name := range m.ClusterGroups {
		if _, ok := u.ClusterGroups[name]; !ok {
			errs = errs.Also(apis.ErrGeneric("there is no group "+name, apis.CurrentField).ViaFieldIndex("cluster_groups", i))
		}
	}
	return errs
}

// key is the key that files of a map have, as far as it is known without them.
func (m ConfigMap) key(glob string) string {
	switch {
	case m.Key != "":
		return m.Key
	case m.UseFullPathAsKey:
		return strings.ReplaceAll(glob, "/", "-")
	}
	return path.Base(glob)
}
