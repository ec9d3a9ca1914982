// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"knative.dev/pkg/apis"
)

// OrgPlugins are the plugins of an org or a repo. A list of names alone is an
// older form of it; one file uses one form.
type OrgPlugins struct {
	// ExcludedRepos are names of repos of the org that do not get them; only an org can exclude repos.
	ExcludedRepos []string `json:"excluded_repos,omitempty"`
	// Plugins are names of plugins. What an org has its repos need not name again, and may not.
	Plugins []string `json:"plugins,omitempty"`
}

// ListKey is for the older form, a list of names.
func (OrgPlugins) ListKey() string { return "plugins" }

// PluginsFor are the plugins of a repo: those of its org, unless it is excluded, and its own.
func (c *Configuration) PluginsFor(org, repo string) []string {
	var names []string
	add := func(more []string) {
		for _, name := range more {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if of := c.Plugins[org]; !slices.Contains(of.ExcludedRepos, repo) {
		add(of.Plugins)
	}
	add(c.Plugins[org+"/"+repo].Plugins)
	return names
}

// Enabled reports whether the plugin acts on the repo.
func (c *Configuration) Enabled(org, repo, plugin string) bool {
	return slices.Contains(c.PluginsFor(org, repo), plugin)
}

// Repos are the orgs and repos ("org/repo") for which any plugin is enabled.
func (c *Configuration) Repos() (orgs, repos []string) {
	keys := map[string]bool{}
	for key := range c.Plugins {
		keys[key] = true
	}
	for key := range c.ExternalPlugins {
		keys[key] = true
	}
	for key := range keys {
		if strings.Contains(key, "/") {
			repos = append(repos, key)
		} else {
			orgs = append(orgs, key)
		}
	}
	slices.Sort(orgs)
	slices.Sort(repos)
	return orgs, repos
}

// validatePlugins reports plugins that are enabled twice, or together with one that does the same.
func validatePlugins(plugins map[string]OrgPlugins) *apis.FieldError {
	if len(plugins) == 0 {
		return apis.ErrGeneric("none are enabled; is this the right file?", "plugins").At(apis.WarningLevel)
	}
	var errs *apis.FieldError
	for _, key := range slices.Sorted(maps.Keys(plugins)) {
		of := plugins[key]
		org, repo, isRepo := strings.Cut(key, "/")
		if isRepo && len(of.ExcludedRepos) > 0 {
			errs = errs.Also(apis.ErrGeneric("only an org can exclude repos", "excluded_repos").ViaFieldKey("plugins", key).At(apis.WarningLevel))
		}
		if isRepo && !slices.Contains(plugins[org].ExcludedRepos, repo) {
			for _, name := range of.Plugins {
				if slices.Contains(plugins[org].Plugins, name) {
					errs = errs.Also(duplicate(name, org, "plugins", key))
				}
			}
		}
		if enabled := append(slices.Clone(plugins[org].Plugins), of.Plugins...); slices.Contains(enabled, "blunderbuss") && slices.Contains(enabled, "rifle") {
			errs = errs.Also(apis.ErrGeneric("blunderbuss and rifle exclude each other", apis.CurrentField).ViaFieldKey("plugins", key))
		}
	}
	return errs
}

func duplicate(name, org, field, key string) *apis.FieldError {
	return apis.ErrGeneric(fmt.Sprintf("plugin %s is enabled for %s already", name, org), apis.CurrentField).ViaFieldKey(field, key)
}
