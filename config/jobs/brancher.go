// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"slices"
	"strings"
)

// Brancher says on which branches a job runs.
type Brancher struct {
	// SkipBranches are regular expressions of branches that the job does not run on; they are looked at first.
	SkipBranches []string `json:"skip_branches,omitempty"`
	// Branches are regular expressions of branches that it runs on; none means all.
	Branches []string `json:"branches,omitempty"`

	include, exclude *pattern
}

// ShouldRun reports whether the job runs on the branch.
func (b Brancher) ShouldRun(branch string) bool {
	if len(b.SkipBranches) > 0 && b.excludePattern().match(branch) {
		return false
	}
	return len(b.Branches) == 0 || b.includePattern().match(branch)
}

// RunsAgainstAllBranches reports whether the job names no branches at all.
func (b Brancher) RunsAgainstAllBranches() bool {
	return len(b.SkipBranches) == 0 && len(b.Branches) == 0
}

// Intersects reports whether there may be a branch that both run on. Names
// are compared as they are written, unless one side skips branches.
func (b Brancher) Intersects(other Brancher) bool {
	if b.RunsAgainstAllBranches() || other.RunsAgainstAllBranches() {
		return true
	}
	if len(b.Branches) > 0 {
		if len(other.Branches) > 0 {
			return slices.ContainsFunc(b.Branches, func(name string) bool {
				return slices.Contains(other.Branches, name)
			})
		}
		return slices.ContainsFunc(b.Branches, other.ShouldRun)
	}
	if len(other.Branches) == 0 {
		return true
	}
	return other.Intersects(b)
}

func (b Brancher) includePattern() *pattern {
	if b.include != nil {
		return b.include
	}
	return &pattern{text: strings.Join(b.Branches, "|")}
}

func (b Brancher) excludePattern() *pattern {
	if b.exclude != nil {
		return b.exclude
	}
	return &pattern{text: strings.Join(b.SkipBranches, "|")}
}

// prepare checks the regular expressions and keeps them. An error is of a field.
func (b *Brancher) prepare(ps *patterns) (field string, err error) {
	if len(b.Branches) > 0 {
		if b.include, err = ps.get(strings.Join(b.Branches, "|")); err != nil {
			return "branches", err
		}
	}
	if len(b.SkipBranches) > 0 {
		if b.exclude, err = ps.get(strings.Join(b.SkipBranches, "|")); err != nil {
			return "skip_branches", err
		}
	}
	return "", nil
}
