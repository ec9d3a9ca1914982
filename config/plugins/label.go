// SPDX-License-Identifier: Apache-2.0

package plugins

import "strings"

// Label configures the label plugin.
type Label struct {
	// AdditionalLabels are labels that /label and /remove-label may set, beside those in categories such as kind/.
	AdditionalLabels []string `json:"additional_labels,omitempty"`
	// RestrictedLabels are labels that only some people may set and remove, by "*", org or org/repo.
	// All three count for a repo; of equal labels the narrowest does.
	RestrictedLabels map[string][]RestrictedLabel `json:"restricted_labels,omitempty"`
}

// RestrictedLabel says who may set and remove a label.
type RestrictedLabel struct {
	// Label is the label's name, in any case.
	Label string `json:"label"`
	// AllowedTeams are slugs of teams of the org whose members may.
	AllowedTeams []string `json:"allowed_teams,omitempty"`
	// AllowedUsers are logins that may.
	AllowedUsers []string `json:"allowed_users,omitempty"`
	// AssignOn are labels that, when a pull gets one, have it assigned to the AllowedUsers.
	AssignOn []AssignOnLabel `json:"assign_on,omitempty"`
}

// AssignOnLabel is a label that assigns people to a pull.
type AssignOnLabel struct {
	// Label is the label's name.
	Label string `json:"label"`
}

// RestrictedFor are the restricted labels of a repo by their names in lower case.
func (l Label) RestrictedFor(org, repo string) map[string]RestrictedLabel {
	found := map[string]RestrictedLabel{}
	for _, key := range []string{"*", org, org + "/" + repo} {
		for _, label := range l.RestrictedLabels[key] {
			found[strings.ToLower(label.Label)] = label
		}
	}
	return found
}
