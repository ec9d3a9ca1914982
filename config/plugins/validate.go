// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"knative.dev/pkg/apis"
)

// ListKey is for the older form, a list of names.
func (OrgPlugins) ListKey() string { return "plugins" }

func (c *Configuration) setDefaults() {
	for _, list := range c.ExternalPlugins {
		for i := range list {
			if list[i].Endpoint == "" {
				list[i].Endpoint = "http://" + list[i].Name
			}
		}
	}
	for i := range c.Triggers {
		if t := &c.Triggers[i]; t.JoinOrgURL == "" && t.TrustedOrg != "" {
			t.JoinOrgURL = "https://github.com/orgs/" + t.TrustedOrg + "/people"
		}
	}
}

// Validate reports what contradicts itself. Whether a plugin exists is not
// known here; who makes the plugins checks that.
func (c *Configuration) Validate() *apis.FieldError {
	var errs *apis.FieldError
	for _, key := range slices.Sorted(maps.Keys(c.Plugins)) {
		of := c.Plugins[key]
		org, repo, isRepo := strings.Cut(key, "/")
		if isRepo && len(of.ExcludedRepos) > 0 {
			errs = errs.Also(apis.ErrGeneric("only an org can exclude repos", "excluded_repos").ViaFieldKey("plugins", key))
		}
		if isRepo && !slices.Contains(c.Plugins[org].ExcludedRepos, repo) {
			for _, name := range of.Plugins {
				if slices.Contains(c.Plugins[org].Plugins, name) {
					errs = errs.Also(duplicate(name, org, "plugins", key))
				}
			}
		}
		if enabled := append(slices.Clone(c.Plugins[org].Plugins), of.Plugins...); slices.Contains(enabled, "blunderbuss") && slices.Contains(enabled, "rifle") {
			errs = errs.Also(apis.ErrGeneric("blunderbuss and rifle exclude each other", apis.CurrentField).ViaFieldKey("plugins", key))
		}
	}
	return errs.Also(c.validateExternal())
}

func (c *Configuration) validateExternal() *apis.FieldError {
	var errs *apis.FieldError
	for _, key := range slices.Sorted(maps.Keys(c.ExternalPlugins)) {
		org, _, isRepo := strings.Cut(key, "/")
		for i, p := range c.ExternalPlugins[key] {
			if p.Name == "" {
				errs = errs.Also(apis.ErrMissingField("name").ViaIndex(i).ViaFieldKey("external_plugins", key))
			}
			if isRepo && slices.ContainsFunc(c.ExternalPlugins[org], func(other ExternalPlugin) bool { return other.Name == p.Name }) {
				errs = errs.Also(duplicate(p.Name, org, "external_plugins", key))
			}
		}
	}
	return errs
}

func duplicate(name, org, field, key string) *apis.FieldError {
	return apis.ErrGeneric(fmt.Sprintf("plugin %s is enabled for %s already", name, org), apis.CurrentField).ViaFieldKey(field, key)
}
