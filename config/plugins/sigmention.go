// SPDX-License-Identifier: Apache-2.0

package plugins

import "knative.dev/pkg/apis"

// SigMention configures the sigmention plugin, which labels issues by the teams
// that are mentioned.
type SigMention struct {
	// Regexp is a regular expression for mentions; the default is
	// (?m)@kubernetes/sig-([\w-]*)-(misc|test-failures|bugs|feature-requests|proposals|pr-reviews|api-reviews).
	// What its first group matches makes the label sig/…; the second group adds kind/bug for bugs,
	// kind/feature for feature-requests, kind/api-change for api-reviews and kind/design for proposals.
	Regexp string `json:"regexp,omitempty"`
}

const defaultSigMention = `(?m)@kubernetes/sig-([\w-]*)-(misc|test-failures|bugs|feature-requests|proposals|pr-reviews|api-reviews)`

func (s *SigMention) setDefaults() { fill(&s.Regexp, defaultSigMention) }

// Validate reports a regular expression that does not compile.
func (s SigMention) Validate() *apis.FieldError { return compiles(s.Regexp, "regexp") }
