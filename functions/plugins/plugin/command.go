// SPDX-License-Identifier: Apache-2.0

package plugin

import "strings"

// Command is a line in a comment that a plugin obeys.
type Command struct {
	// Usage shows its form: "/test [<job name>|all]".
	Usage string
	// Featured commands come first in lists.
	Featured bool
	// Description says what it does.
	Description string
	// Examples are lines that the command obeys; a test holds them against Match.
	Examples []string
	// WhoCanUse says whose command is obeyed.
	WhoCanUse string
	// Match reports whether a text has the command.
	Match func(text string) bool
}

// WithoutCode returns the text without its fenced code blocks, in which nobody
// commands anything: a pasted log may well begin a line with a slash. As in
// CommonMark, a block that is never closed runs to the end.
func WithoutCode(text string) string {
	var kept strings.Builder
	var fence string
	for line := range strings.SplitAfterSeq(text, "\n") {
		mark, info := fenceOf(line)
		switch {
		case fence == "" && mark == "":
			kept.WriteString(line)
		case fence == "":
			fence = mark
		case len(mark) >= len(fence) && mark[0] == fence[0] && info == "":
			fence = ""
		}
	}
	return kept.String()
}

// fenceOf returns the run of three or more backticks or tildes that begins the
// line, after at most three spaces, and what follows it. The mark is empty when
// the line is no fence.
func fenceOf(line string) (mark, info string) {
	line = strings.TrimRight(line, " \t\r\n")
	bare := strings.TrimLeft(line, " ")
	if len(line)-len(bare) > 3 || bare == "" || (bare[0] != '`' && bare[0] != '~') {
		return "", ""
	}
	info = strings.TrimLeft(bare, bare[:1])
	mark = bare[:len(bare)-len(info)]
	if len(mark) < 3 || (mark[0] == '`' && strings.Contains(info, "`")) {
		return "", ""
	}
	return mark, info
}

// quote returns the text as Markdown shows something that another has said.
func quote(text string) string {
	return ">" + strings.ReplaceAll(text, "\n", "\n>")
}
