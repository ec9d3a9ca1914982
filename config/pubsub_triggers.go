// SPDX-License-Identifier: Apache-2.0

package config

import "knative.dev/pkg/apis"

// PubSubTrigger lets messages of Google Cloud Pub/Sub start jobs.
type PubSubTrigger struct {
	// Project is a project of Google Cloud.
	Project string `json:"project"`
	// Topics are the IDs of subscriptions of the project.
	Topics []string `json:"topics"`
	// AllowedClusters are the build clusters where the jobs may run; "*" allows all, and none are allowed when it is empty.
	AllowedClusters []string `json:"allowed_clusters"`
	// MaxOutstandingMessages is how many messages are handled at once; 10 when unset.
	MaxOutstandingMessages int `json:"max_outstanding_messages"`
}

// setPubSubDefaults gives the subscriptions their new form, unless both forms are given.
func (c *Config) setPubSubDefaults() {
	if c.PubSubTriggers == nil {
		c.PubSubTriggers = c.PubSubSubscriptions.triggers()
	} else {
		c.twoPubSubs = c.PubSubSubscriptions != nil
	}
	for i := range c.PubSubTriggers {
		fill(&c.PubSubTriggers[i].MaxOutstandingMessages, 10)
	}
}

// validatePubSub reports that both forms are given.
func (c *Config) validatePubSub() *apis.FieldError {
	if c.twoPubSubs {
		return exclusive("pubsub_subscriptions", "pubsub_triggers")
	}
	return nil
}
