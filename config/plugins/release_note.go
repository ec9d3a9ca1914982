// SPDX-License-Identifier: Apache-2.0

package plugins

// ReleaseNote configures the release-note plugin.
type ReleaseNote struct {
	// GuidelinesURL is the page that says how to write release notes;
	// https://git.k8s.io/community/contributors/guide/release-notes.md when unset.
	GuidelinesURL string `json:"guidelines_url,omitempty"`
}

const defaultReleaseNoteGuidelines = "https://git.k8s.io/community/contributors/guide/release-notes.md"

func (r *ReleaseNote) setDefaults() { fill(&r.GuidelinesURL, defaultReleaseNoteGuidelines) }
