// SPDX-License-Identifier: Apache-2.0

package main

import "strings"

// escape leaves a text as it is in Markdown, in cells of tables too. What is in backquotes stays code.
func escape(text string) string {
	var b strings.Builder
	inCode := false
	for _, r := range text {
		switch {
		case r == '`':
			inCode = !inCode
		case r == '|', !inCode && strings.ContainsRune(`\*_<>[]`, r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// enumeration joins "a", "b" and "c" to "a, b and c".
func enumeration(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
