// SPDX-License-Identifier: Apache-2.0

package check

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/config/document"
)

// Report is all that was found, in the order of places.
type Report struct{ Findings []Finding }

// Count is how many findings of a level there are.
func (r Report) Count(level Level) int {
	n := 0
	for i := range r.Findings {
		if r.Findings[i].Level == level {
			n++
		}
	}
	return n
}

// Failed reports whether the configuration is not fit for use. With strict, warnings count too.
func (r Report) Failed(strict bool) bool {
	return r.Count(Error) > 0 || strict && r.Count(Warning) > 0
}

// Run runs the checks that have what they need, and adds what they find to
// what was found before: each finding once, at its place.
func Run(in Input, checks []Check, before []Finding) Report {
	all := slices.Clone(before)
	var kept []string
	for _, c := range checks {
		if c.Needs&PluginsFile != 0 && in.Files.Plugins.Config == "" {
			continue
		}
		if !in.has(c) {
			kept = append(kept, c.Name)
			continue
		}
		for _, f := range c.Run(in) {
			f.Check = c.Name
			f.Level = cmp.Or(f.Level, Warning)
			all = append(all, f)
		}
	}
	if len(kept) > 0 {
		all = append(all, Finding{Level: Notice, Problem: document.Problem{
			Message: "these checks are not run, because of errors in what they look at: " + strings.Join(kept, ", "),
		}})
	}
	places := newPlaces(in)
	for i := range all {
		places.locate(&all[i])
	}
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Message, b.Message), cmp.Compare(a.Level.rank(), b.Level.rank()),
		)
	})
	return Report{slices.CompactFunc(all, func(a, b Finding) bool {
		return a.File == b.File && a.Line == b.Line && a.Column == b.Column && a.Path == b.Path && a.Message == b.Message
	})}
}

// has reports whether there is what a check looks at, without errors in it.
func (in Input) has(c Check) bool {
	switch {
	case c.Needs&ConfigFile != 0 && in.Config == nil, c.Needs&PluginsFile != 0 && in.Plugins == nil:
		return false
	}
	return in.wrong.reliable(c.Reads)
}

// rank orders levels, the worst first.
func (l Level) rank() int { return slices.Index([]Level{Error, Warning, Notice}, l) }
