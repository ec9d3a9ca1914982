// SPDX-License-Identifier: Apache-2.0

// Package plugins is plugins.yaml: which plugins act on which repos, and how
// each is configured. It reads, defaults and validates it, all errors in one
// run with file, line and path, and keeps an immutable snapshot that is
// replaced when the files change.
//
// The keys that no part of the system reads yet are kept as documents in
// Configuration.Rest. Changes: nothing. In Prow: pkg/plugins, config.go.
package plugins

import (
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/config/document"
)

// Configuration is one state of plugins.yaml, with all defaults. It is immutable.
type Configuration struct {
	// Plugins are by org or org/repo.
	Plugins map[string]OrgPlugins `json:"plugins,omitempty"`
	// ExternalPlugins are by org or org/repo.
	ExternalPlugins map[string][]ExternalPlugin `json:"external_plugins,omitempty"`
	// Triggers configure the trigger plugin; the first entry for a repo counts, else the first for its org.
	Triggers []Trigger `json:"triggers,omitempty"`

	// Rest is the other top-level keys, as they are written.
	Rest Rest `json:"-"`
	// Warnings is what is odd and does no harm: keys that nobody knows, for example.
	Warnings []document.Problem `json:"-"`
}

// OrgPlugins are the plugins of an org or a repo.
type OrgPlugins struct {
	// ExcludedRepos are names of repos of the org that do not get them.
	ExcludedRepos []string `json:"excluded_repos,omitempty"`
	// Plugins are names.
	Plugins []string `json:"plugins,omitempty"`
}

// ExternalPlugin is a plugin that runs elsewhere and gets GitHub's webhooks as they are.
type ExternalPlugin struct {
	Name string `json:"name"`
	// Endpoint is http://NAME when unset.
	Endpoint string `json:"endpoint,omitempty"`
	// Events are the webhook events it gets; none means all.
	Events []string `json:"events,omitempty"`
}

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

// ExternalPluginsFor are the external plugins of a repo: those of its org and its own.
func (c *Configuration) ExternalPluginsFor(org, repo string) []ExternalPlugin {
	return append(slices.Clone(c.ExternalPlugins[org]), c.ExternalPlugins[org+"/"+repo]...)
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
