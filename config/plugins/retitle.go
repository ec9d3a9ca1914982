// SPDX-License-Identifier: Apache-2.0

package plugins

// Retitle configures the retitle plugin.
type Retitle struct {
	// AllowClosedIssues lets /retitle work on what is closed or merged too.
	AllowClosedIssues bool `json:"allow_closed_issues,omitempty"`
}
