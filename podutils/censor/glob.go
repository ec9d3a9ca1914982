// SPDX-License-Identifier: Apache-2.0

package censor

import (
	"fmt"
	"regexp"
	"strings"
)

// Choice says which artifacts are censored.
type Choice struct{ include, exclude []*regexp.Regexp }

// NewChoice takes globs of paths relative to the artifacts: ** stands for any
// folders, * and ? for parts of one name, {a,b} for either.
func NewChoice(include, exclude []string) (Choice, error) {
	var c Choice
	var err error
	if c.include, err = compile(include); err != nil {
		return Choice{}, err
	}
	c.exclude, err = compile(exclude)
	return c, err
}

// Has tells whether to censor path. Excluding beats including, and including
// nothing includes all.
func (c Choice) Has(path string) bool {
	if matches(c.exclude, path) {
		return false
	}
	return len(c.include) == 0 || matches(c.include, path)
}

func matches(globs []*regexp.Regexp, path string) bool {
	for _, glob := range globs {
		if glob.MatchString(path) {
			return true
		}
	}
	return false
}

func compile(globs []string) ([]*regexp.Regexp, error) {
	var all []*regexp.Regexp
	for _, glob := range globs {
		compiled, err := regexp.Compile(expression(glob))
		if err != nil {
			return nil, fmt.Errorf("glob %q: %w", glob, err)
		}
		all = append(all, compiled)
	}
	return all, nil
}

// expression translates a glob.
func expression(glob string) string {
	var b strings.Builder
	b.WriteString("(?s)^") // names may have newlines
	braces := 0
	for glob != "" {
		taken := 1
		switch {
		case strings.HasPrefix(glob, "**/"):
			b.WriteString("(?:.*/)?")
			taken = 3
		case strings.HasPrefix(glob, "**"):
			b.WriteString(".*")
			taken = 2
		case glob[0] == '*':
			b.WriteString("[^/]*")
		case glob[0] == '?':
			b.WriteString("[^/]")
		case glob[0] == '{':
			b.WriteString("(?:")
			braces++
		case glob[0] == '}' && braces > 0:
			b.WriteString(")")
			braces--
		case glob[0] == ',' && braces > 0:
			b.WriteString("|")
		default:
			b.WriteString(regexp.QuoteMeta(glob[:1]))
		}
		glob = glob[taken:]
	}
	b.WriteString("$")
	return b.String()
}
