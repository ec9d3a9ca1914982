// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"fmt"
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
	needle string
	// size is about how many instructions the program has. Matching takes time
	// in proportion to it and to what is matched.
	size    int
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

// The sizes that the regular expressions of jobs in a repository may have: one
// of them, and all of them. The most in Kubernetes' configuration is 214 for one
// and 46,048 for a repository.
const (
	maxPattern  = 5_000
	maxPatterns = 200_000
)

// patterns makes one pattern of each text, so that jobs share them.
type patterns struct {
	known map[string]*pattern
	// limited is whether they come from people who are not trusted.
	limited bool
	used    int
}

// get returns the pattern, or an error that says why it would not compile or costs too much.
func (ps *patterns) get(text string) (*pattern, error) {
	p, ok := ps.known[text]
	if !ok {
		tree, err := syntax.Parse(text, syntax.Perl)
		if err != nil {
			return nil, err
		}
		p = &pattern{text: text}
		if ps.limited {
			p.size = programSize(tree)
		}
		ps.known[text] = p
	}
	return p, ps.spend(p.size)
}

// spend counts a use of a pattern of some size: jobs that share one are matched one by one.
func (ps *patterns) spend(size int) error {
	if !ps.limited {
		return nil
	}
	if size > maxPattern {
		return fmt.Errorf("is a regular expression of %d steps, more than the %d that are allowed", size, maxPattern)
	}
	if ps.used += size; ps.used > maxPatterns {
		return fmt.Errorf("all regular expressions of the repository together have more than the %d steps that are allowed", maxPatterns)
	}
	return nil
}

// programSize is about how many instructions the expression compiles to. The
// parser has bounded its repetitions, so there is no overflow.
func programSize(re *syntax.Regexp) int {
	size := 1 + len(re.Rune)/2
	if re.Op == syntax.OpLiteral {
		size = len(re.Rune)
	}
	for _, sub := range re.Sub {
		size += programSize(sub)
	}
	if re.Op == syntax.OpRepeat {
		size *= max(re.Min, re.Max, 1)
	}
	return size
}
