// SPDX-License-Identifier: Apache-2.0

package plugins

// Help configures the help plugin, which labels issues for newcomers.
type Help struct {
	// HelpGuidelinesURL is the page that says what such issues need;
	// https://git.k8s.io/community/contributors/guide/help-wanted.md when unset.
	HelpGuidelinesURL string `json:"help_guidelines_url,omitempty"`
	// HelpGuidelinesSummary sums that page up in the comment.
	HelpGuidelinesSummary string `json:"help_guidelines_summary,omitempty"`
}

const defaultHelpGuidelines = "https://git.k8s.io/community/contributors/guide/help-wanted.md"

func (h *Help) setDefaults() { fill(&h.HelpGuidelinesURL, defaultHelpGuidelines) }
