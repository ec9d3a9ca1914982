// SPDX-License-Identifier: Apache-2.0

package config

import (
	"maps"
	"slices"
)

// PubSubSubscriptions is the old form of PubSubTriggers: the IDs of the
// subscriptions, by project of Google Cloud. Their jobs may run on all clusters.
type PubSubSubscriptions map[string][]string

// triggers is the new form.
func (s PubSubSubscriptions) triggers() []PubSubTrigger {
	var triggers []PubSubTrigger
	for _, project := range slices.Sorted(maps.Keys(s)) {
		triggers = append(triggers, PubSubTrigger{Project: project, Topics: s[project], AllowedClusters: []string{"*"}})
	}
	return triggers
}
