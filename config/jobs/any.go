// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"iter"
	"maps"
	"slices"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Any is a job of any kind: one of its pointers is set.
type Any struct {
	// Repo is the "org/repo" of a presubmit or postsubmit; a periodic has none.
	Repo       string
	Presubmit  *Presubmit
	Postsubmit *Postsubmit
	Periodic   *Periodic
}

// All are the jobs: presubmits, then postsubmits, each by the names of the
// repositories, then periodics. They are not copies.
func (j *Jobs) All() iter.Seq[Any] {
	return func(yield func(Any) bool) {
		for repo, job := range byName(j.Presubmits) {
			if !yield(Any{Repo: repo, Presubmit: job}) {
				return
			}
		}
		for repo, job := range byName(j.Postsubmits) {
			if !yield(Any{Repo: repo, Postsubmit: job}) {
				return
			}
		}
		for i := range j.Periodics {
			if !yield(Any{Periodic: &j.Periodics[i]}) {
				return
			}
		}
	}
}

// byName are the jobs of all repositories, in the order of their names.
func byName[T any](byRepo map[string][]T) iter.Seq2[string, *T] {
	return func(yield func(string, *T) bool) {
		for _, repo := range slices.Sorted(maps.Keys(byRepo)) {
			for i := range byRepo[repo] {
				if !yield(repo, &byRepo[repo][i]) {
					return
				}
			}
		}
	}
}

// Base is what all kinds of jobs have.
func (a Any) Base() *JobBase {
	switch {
	case a.Presubmit != nil:
		return &a.Presubmit.JobBase
	case a.Postsubmit != nil:
		return &a.Postsubmit.JobBase
	}
	return &a.Periodic.JobBase
}

// Type is presubmit, postsubmit or periodic.
func (a Any) Type() prowv1.ProwJobType {
	switch {
	case a.Presubmit != nil:
		return prowv1.PresubmitJob
	case a.Postsubmit != nil:
		return prowv1.PostsubmitJob
	}
	return prowv1.PeriodicJob
}

// Of is "presubmit of org/repo", or "periodic".
func (a Any) Of() string {
	if a.Repo == "" {
		return string(a.Type())
	}
	return string(a.Type()) + " of " + a.Repo
}

// Brancher says on which branches the job runs; of a periodic it says nothing.
func (a Any) Brancher() Brancher {
	switch {
	case a.Presubmit != nil:
		return a.Presubmit.Brancher
	case a.Postsubmit != nil:
		return a.Postsubmit.Brancher
	}
	return Brancher{}
}

// CouldRun reports whether the job runs on the branch; a periodic knows none.
func (a Any) CouldRun(branch string) bool { return a.Brancher().ShouldRun(branch) }

// With is all jobs, those of one repository being other ones.
func (j *Jobs) With(repo string, presubmits []Presubmit, postsubmits []Postsubmit) *Jobs {
	all := *j
	all.Presubmits, all.Postsubmits = replaced(j.Presubmits, repo, presubmits), replaced(j.Postsubmits, repo, postsubmits)
	return &all
}

// replaced is a copy of a map with another value for a key; nil is none.
func replaced[T any](byRepo map[string][]T, repo string, list []T) map[string][]T {
	all := maps.Clone(byRepo)
	if all == nil {
		all = map[string][]T{}
	}
	if all[repo] = list; len(list) == 0 {
		delete(all, repo)
	}
	return all
}
