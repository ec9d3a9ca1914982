// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"errors"
	"fmt"
	"slices"
)

// Changes gets the names of the files that a pull or a push changes. It is
// asked only when a job's conditions need it.
type Changes func() ([]string, error)

// FixedChanges is Changes of files that are known.
func FixedChanges(files ...string) Changes {
	return func() ([]string, error) { return files, nil }
}

// RegexpChangeMatcher says on which changed files a job runs; at most one of the two.
type RegexpChangeMatcher struct {
	// RunIfChanged runs the job when any changed file matches this regular expression.
	RunIfChanged string `json:"run_if_changed,omitempty"`
	// SkipIfOnlyChanged runs the job unless all changed files match this one.
	SkipIfOnlyChanged string `json:"skip_if_only_changed,omitempty"`

	changes *pattern
}

// CouldRun reports whether the job has a condition on changed files.
func (m RegexpChangeMatcher) CouldRun() bool {
	return m.RunIfChanged != "" || m.SkipIfOnlyChanged != ""
}

// ShouldRun reports whether the condition holds; determined is false when there is none.
func (m RegexpChangeMatcher) ShouldRun(changes Changes) (determined, run bool, err error) {
	if !m.CouldRun() {
		return false, false, nil
	}
	if changes == nil {
		return true, false, errors.New("the changed files are not known")
	}
	files, err := changes()
	if err != nil {
		return true, false, fmt.Errorf("getting the changed files: %w", err)
	}
	return true, m.RunsAgainstChanges(files), nil
}

// RunsAgainstChanges reports whether the condition holds for these files. It never holds for no files.
func (m RegexpChangeMatcher) RunsAgainstChanges(files []string) bool {
	if m.RunIfChanged != "" {
		return slices.ContainsFunc(files, m.changesPattern(m.RunIfChanged).match)
	}
	if m.SkipIfOnlyChanged != "" {
		only := m.changesPattern(m.SkipIfOnlyChanged)
		return slices.ContainsFunc(files, func(file string) bool { return !only.match(file) })
	}
	return false
}

func (m RegexpChangeMatcher) changesPattern(text string) *pattern {
	if m.changes != nil {
		return m.changes
	}
	return &pattern{text: text}
}

// prepare checks the regular expression and keeps it. An error is of a field.
func (m *RegexpChangeMatcher) prepare(ps *patterns) (field string, err error) {
	switch {
	case m.RunIfChanged != "" && m.SkipIfOnlyChanged != "":
		return "skip_if_only_changed", errors.New("run_if_changed and skip_if_only_changed exclude each other")
	case m.RunIfChanged != "":
		m.changes, err = ps.get(m.RunIfChanged)
		return "run_if_changed", err
	case m.SkipIfOnlyChanged != "":
		m.changes, err = ps.get(m.SkipIfOnlyChanged)
		return "skip_if_only_changed", err
	}
	return "", nil
}
