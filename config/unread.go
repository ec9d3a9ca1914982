// SPDX-License-Identifier: Apache-2.0

package config

import (
	"slices"

	"github.com/cutwater-ci/cutwater/config/document"
)

// unread are the top-level keys that no part of the system acts on yet.
func unread() []string {
	return []string{
		"branch-protection", "gangway", "gerrit", "jenkins_operators", "managed_webhooks", "moonraker", "pipeline",
		"pubsub_subscriptions", "pubsub_triggers", "push_gateway", "slack_reporter_configs", "tide",
	}
}

// noteUnread adds those that the document has, unless another one had them.
func (c *Config) noteUnread(doc *document.Document) {
	for key, at := range doc.Root().Keys() {
		if !slices.Contains(unread(), key) || slices.ContainsFunc(c.Unread, func(p document.Problem) bool { return p.Path == key }) {
			continue
		}
		c.Unread = append(c.Unread, document.Problem{Position: at.Position(), Path: key, Message: "is known, but nothing acts on it yet"})
	}
}
