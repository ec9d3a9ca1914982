// SPDX-License-Identifier: Apache-2.0

package censor

import "strings"

// shape is what tokens of one kind look like: a start, and at least minimum
// letters, digits and underscores.
type shape struct {
	name, start string
	minimum     int
}

// longestToken is where a token ends that goes on and on.
const longestToken = 1 << 10

func shapes() []shape {
	return []shape{
		{"GitHub token", "ghp_", 36},
		{"GitHub token", "gho_", 36},
		{"GitHub token", "ghu_", 36},
		{"GitHub token", "ghs_", 36},
		{"GitHub token", "ghr_", 36},
		{"GitHub token", "github_pat_", 36},
		{"AWS access key", "AKIA", 16},
		{"AWS access key", "ASIA", 16},
	}
}

// at is how long the token is that data begins with; 0 when there is none.
func (s shape) at(data []byte) int {
	if !hasPrefix(data, s.start) {
		return 0
	}
	end := len(s.start)
	for end < min(len(data), longestToken) && isWord(data[end]) {
		end++
	}
	if end < len(s.start)+s.minimum {
		return 0
	}
	return end
}

// begins tells whether data is a token that goes on after it, or the start of one.
func (s shape) begins(data []byte) bool {
	if len(data) <= len(s.start) {
		return strings.HasPrefix(s.start, string(data))
	}
	if !hasPrefix(data, s.start) || len(data) >= longestToken {
		return false
	}
	for _, b := range data[len(s.start):] {
		if !isWord(b) {
			return false
		}
	}
	return true
}

func isWord(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '_'
}
