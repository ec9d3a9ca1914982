// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
)

// pattern is a regular expression that is compiled when it is first needed:
// most of thousands of jobs are never asked.
type pattern struct {
	text string
	// needle, when set, occurs in everything that matches.
	needle  string
	once    sync.Once
	program *regexp.Regexp
}

// match reports whether the pattern matches somewhere in s. A pattern that does not compile matches nothing.
func (p *pattern) match(s string) bool {
	if p.needle != "" && !strings.Contains(s, p.needle) {
		return false
	}
	p.once.Do(func() { p.program, _ = regexp.Compile(p.text) })
	return p.program != nil && p.program.MatchString(s)
}

// patterns makes one pattern of each text, so that jobs share them.
type patterns map[string]*pattern

// get returns the pattern, or an error that says why it would not compile.
func (ps patterns) get(text string) (*pattern, error) {
	if p, ok := ps[text]; ok {
		return p, nil
	}
	if _, err := syntax.Parse(text, syntax.Perl); err != nil {
		return nil, err
	}
	p := &pattern{text: text}
	ps[text] = p
	return p, nil
}
