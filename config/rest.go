// SPDX-License-Identifier: Apache-2.0

package config

import "github.com/cutwater-ci/cutwater/config/document"

// Rest is the top-level keys of config.yaml that have no type yet, as they are
// written; nodes of keys that are not there are zero.
type Rest struct {
	Tide                 document.Node `json:"tide"`
	Pipeline             document.Node `json:"pipeline"`
	BranchProtection     document.Node `json:"branch-protection"`
	Gerrit               document.Node `json:"gerrit"`
	SlackReporterConfigs document.Node `json:"slack_reporter_configs"`
	Gangway              document.Node `json:"gangway"`
	Moonraker            document.Node `json:"moonraker"`
	JenkinsOperators     document.Node `json:"jenkins_operators"`
	PushGateway          document.Node `json:"push_gateway"`
	PubSubSubscriptions  document.Node `json:"pubsub_subscriptions"`
	PubSubTriggers       document.Node `json:"pubsub_triggers"`
	ManagedWebhooks      document.Node `json:"managed_webhooks"`

	// Supplements are the supplemental files. Each has only keys that may be there.
	Supplements []document.Node `json:"-"`
}
