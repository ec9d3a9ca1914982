// SPDX-License-Identifier: Apache-2.0

package github

import "strings"

const (
	// maxDescription is GitHub's limit on a status description.
	maxDescription = 140
	baseSHAMark    = " BaseSHA:"
	elision        = " ... "
	// emSpace pads the base SHA to the right; GitHub's pages would fold plain spaces into one.
	emSpace = "\u2001"
)

// Describe is the description of a status: the text, shortened in its middle
// where it is too long, and the base commit that the result holds for, which
// tide reads back.
func Describe(text, baseSHA string) string {
	if baseSHA == "" {
		return shorten(text, maxDescription)
	}
	suffix := baseSHAMark + baseSHA
	// One pad per four free bytes, rounded up: so Prow's loop comes out, whose
	// limit shrinks by three bytes while its counter grows by one.
	if free := maxDescription - len(text) - len(suffix); free > 0 {
		suffix = strings.Repeat(emSpace, (free+3)/4) + suffix
	}
	return shorten(text, maxDescription-len(suffix)) + suffix
}

// shorten cuts the middle out of text so that it takes at most limit bytes.
func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	half := max(0, (limit-len(elision))/2)
	head := strings.ToValidUTF8(text[:half], "")
	tail := strings.ToValidUTF8(text[len(text)-half:], "")
	return head + elision + tail
}
