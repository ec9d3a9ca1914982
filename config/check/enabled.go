// SPDX-License-Identifier: Apache-2.0

package check

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/cutwater-ci/cutwater/config/plugins"
)

// enabled is where a plugin acts.
func enabled(c *plugins.Configuration, plugin string) repoSet {
	set := newRepoSet()
	for key, of := range c.Plugins {
		if slices.Contains(of.Plugins, plugin) {
			without := sets.New[string]()
			for _, repo := range of.ExcludedRepos {
				without.Insert(key + "/" + repo)
			}
			set.add(key, without)
		}
	}
	return set
}

// enabledExternal is where a plugin acts that runs elsewhere.
func enabledExternal(c *plugins.Configuration, plugin string) repoSet {
	set := newRepoSet()
	for key, of := range c.ExternalPlugins {
		if slices.ContainsFunc(of, func(p plugins.ExternalPlugin) bool { return p.Name == plugin }) {
			set.add(key, sets.New[string]())
		}
	}
	return set
}

// add adds an org, without some of its repos, or an org/repo.
func (s repoSet) add(key string, without sets.Set[string]) {
	if strings.Contains(key, "/") {
		s.addRepo(key)
		return
	}
	s.addOrg(key, without)
}

// pluginsPlace is where a plugin is enabled for a repo or org: a path below one of two keys.
func pluginsPlace(c *plugins.Configuration, name string) string {
	key := name
	if _, own := c.Plugins[name]; !own {
		key = orgOf(name)
	}
	return "plugins[" + key + "]"
}
