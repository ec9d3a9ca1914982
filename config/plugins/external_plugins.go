// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"maps"
	"slices"
	"strings"

	"knative.dev/pkg/apis"
)

// ExternalPlugin is a plugin that runs elsewhere and gets GitHub's webhooks as they are.
type ExternalPlugin struct {
	// Name is its name. What an org has its repos may not name again.
	Name string `json:"name"`
	// Endpoint is the URL it is reached at; http://NAME when unset.
	Endpoint string `json:"endpoint,omitempty"`
	// Events are the webhook events it gets, such as pull_request; none means all.
	Events []string `json:"events,omitempty"`
}

// ExternalPluginsFor are the external plugins of a repo: those of its org and its own.
func (c *Configuration) ExternalPluginsFor(org, repo string) []ExternalPlugin {
	return append(slices.Clone(c.ExternalPlugins[org]), c.ExternalPlugins[org+"/"+repo]...)
}

func (p *ExternalPlugin) setDefaults() { fill(&p.Endpoint, "http://"+p.Name) }

func validateExternal(external map[string][]ExternalPlugin) *apis.FieldError {
	var errs *apis.FieldError
	for _, key := range slices.Sorted(maps.Keys(external)) {
		org, _, isRepo := strings.Cut(key, "/")
		for i, p := range external[key] {
			if p.Name == "" {
				errs = errs.Also(apis.ErrMissingField("name").ViaIndex(i).ViaFieldKey("external_plugins", key))
			}
			if isRepo && slices.ContainsFunc(external[org], func(other ExternalPlugin) bool { return other.Name == p.Name }) {
				errs = errs.Also(duplicate(p.Name, org, "external_plugins", key))
			}
		}
	}
	return errs
}
