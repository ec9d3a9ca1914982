// SPDX-License-Identifier: Apache-2.0

package github

import (
	"slices"
	"strings"
)

// maxCommands bounds how many commands one comment's event names, which travel in an
// HTTP header.
const maxCommands = 64

// Commands returns the names of the slash commands in a text, each once, in order and
// lower case: a line "/Test all" has "test". It is a hint for filters; which commands
// count, and with which arguments, the plugins decide.
func Commands(text string) []string {
	var found []string
	for line := range strings.Lines(text) {
		name, ok := command(line)
		if ok && !slices.Contains(found, name) {
			found = append(found, name)
		}
		if len(found) == maxCommands {
			break
		}
	}
	return found
}

// command returns the line's command.
func command(line string) (name string, ok bool) {
	rest, ok := strings.CutPrefix(line, "/")
	if !ok {
		return "", false
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return !isCommandRune(r) })
	if end < 0 {
		end = len(rest)
	}
	// Paths ("/usr/bin") and overlong names are no commands.
	if end == 0 || end > 64 || strings.HasPrefix(rest[end:], "/") {
		return "", false
	}
	return strings.ToLower(rest[:end]), true
}

func isCommandRune(r rune) bool {
	return r == '-' || r == '_' || ('a' <= r && r <= 'z') || ('A' <= r && r <= 'Z') || ('0' <= r && r <= '9')
}
