// SPDX-License-Identifier: Apache-2.0

package censor

// What the reference of the tests is to look for.
var (
	Forms  = forms
	Pieces = pieces
)
