// SPDX-License-Identifier: Apache-2.0

package plugins

import "knative.dev/pkg/apis"

// Heart configures the heart plugin, which likes comments.
type Heart struct {
	// Adorees are the logins whose comments are liked.
	Adorees []string `json:"adorees,omitempty"`
	// CommentRegexp is a regular expression for their comments that are liked; none when unset.
	CommentRegexp string `json:"commentregexp,omitempty"`
}

// Validate reports a regular expression that does not compile.
func (h Heart) Validate() *apis.FieldError { return compiles(h.CommentRegexp, "commentregexp") }
