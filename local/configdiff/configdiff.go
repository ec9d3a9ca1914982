// SPDX-License-Identifier: Apache-2.0

// Package configdiff says what a change of configuration does to the jobs: which
// are added and removed and, of those that change, what changes in when they
// run, in their pod, and in the rest. Both sides have all defaults and presets,
// so that it shows what a change of those does, too, and not what only looks
// different. It is pure: no file, no clock.
//
// Started by `cutwater diff`. Changes nothing. Prow has nothing like it.
package configdiff

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/jobs"
)

// Side is one of the two configurations.
type Side struct {
	// Jobs are all jobs, with their defaults.
	Jobs *jobs.Jobs
	// Root is the folder that the names of files are told relative to.
	Root string
}

// Report is what a change does. Its lists are in the order of types, repos and
// names, and never nil.
type Report struct {
	Added   []Job    `json:"added"`
	Removed []Job    `json:"removed"`
	Changed []Change `json:"changed"`
}

// Empty reports whether the change does nothing to the jobs.
func (r *Report) Empty() bool { return len(r.Added)+len(r.Removed)+len(r.Changed) == 0 }

// Job is a job of the new configuration or, where it is removed, of the old one.
type Job struct {
	// Type is presubmit, postsubmit or periodic.
	Type prowv1.ProwJobType `json:"type"`
	// Repo is "org/repo"; a periodic has none.
	Repo string `json:"repo,omitempty"`
	Name string `json:"name"`
	// Source is the file and the line.
	Source string `json:"source"`
	// Runs says in words when it runs.
	Runs string `json:"runs"`
}

// Change is a job that both configurations have. One of its lists, at least, is
// not empty.
type Change struct {
	Job
	// When are keys that say when the job runs.
	When []Field `json:"when,omitempty"`
	// Pod is of the pod that a run gets.
	Pod []Field `json:"pod,omitempty"`
	// Rest are the other keys of the job.
	Rest []Field `json:"rest,omitempty"`
}

// Field is a value that differs.
type Field struct {
	// Path leads to it, such as spec.containers[test].image.
	Path string `json:"path"`
	// Old and New are as in JSON; nil is not set.
	Old any `json:"old"`
	New any `json:"new"`
}

// Compare says what the change from one configuration to the other does.
func Compare(before, after Side) *Report {
	report := &Report{Added: []Job{}, Removed: []Job{}, Changed: []Change{}}
	olds, news := byIdentity(before.Jobs), byIdentity(after.Jobs)
	for _, id := range identities(olds, news) {
		pairs, removed, added := pair(olds[id], news[id])
		for _, p := range pairs {
			if p.before.same(p.after) {
				continue
			}
			if change := compareJobs(p.before, p.after); change.any() {
				change.Job = p.after.job(after.Root)
				report.Changed = append(report.Changed, change)
			}
		}
		for _, e := range removed {
			report.Removed = append(report.Removed, e.job(before.Root))
		}
		for _, e := range added {
			report.Added = append(report.Added, e.job(after.Root))
		}
	}
	return report
}

func (c Change) any() bool { return len(c.When)+len(c.Pod)+len(c.Rest) > 0 }

// identity is what a job is known by. Jobs of one identity run on different branches.
type identity struct {
	kind       prowv1.ProwJobType
	repo, name string
}

// entry is a job of one of the sides.
type entry struct{ jobs.Any }

func byIdentity(all *jobs.Jobs) map[identity][]entry {
	known := map[identity][]entry{}
	for job := range all.All() {
		id := identity{job.Type(), job.Repo, job.Base().Name}
		known[id] = append(known[id], entry{job})
	}
	return known
}

// identities are those of either side, in order.
func identities(olds, news map[identity][]entry) []identity {
	all := make([]identity, 0, len(news))
	for id := range news {
		all = append(all, id)
	}
	for id := range olds {
		if _, both := news[id]; !both {
			all = append(all, id)
		}
	}
	order := []prowv1.ProwJobType{prowv1.PresubmitJob, prowv1.PostsubmitJob, prowv1.PeriodicJob}
	slices.SortFunc(all, func(a, b identity) int {
		return cmp.Or(
			cmp.Compare(slices.Index(order, a.kind), slices.Index(order, b.kind)),
			strings.Compare(a.repo, b.repo), strings.Compare(a.name, b.name),
		)
	})
	return all
}

// counterparts are two states of one job.
type counterparts struct{ before, after entry }

// pair finds the counterparts among jobs of one identity: those that are the
// same, then those that run on the same branches, then any, in their order.
func pair(olds, news []entry) (pairs []counterparts, removed, added []entry) {
	removed, added = slices.Clone(olds), slices.Clone(news)
	for _, alike := range []func(a, b entry) bool{
		entry.same, entry.sameBranches, func(entry, entry) bool { return true },
	} {
		if len(olds) == 1 && len(news) == 1 {
			return []counterparts{{olds[0], news[0]}}, nil, nil
		}
		var left []entry
		for _, before := range removed {
			i := slices.IndexFunc(added, func(after entry) bool { return alike(before, after) })
			if i < 0 {
				left = append(left, before)
				continue
			}
			pairs = append(pairs, counterparts{before, added[i]})
			added = slices.Delete(added, i, i+1)
		}
		removed = left
	}
	return pairs, removed, added
}

// same reports whether two jobs are the same but for where they are written. It
// is fast, and may say no of jobs that are.
func (e entry) same(other entry) bool {
	switch {
	case e.Presubmit != nil:
		a, b := *e.Presubmit, *other.Presubmit
		a.Source, b.Source = document.Position{}, document.Position{}
		return reflect.DeepEqual(&a, &b)
	case e.Postsubmit != nil:
		a, b := *e.Postsubmit, *other.Postsubmit
		a.Source, b.Source = document.Position{}, document.Position{}
		return reflect.DeepEqual(&a, &b)
	}
	a, b := *e.Periodic, *other.Periodic
	a.Source, b.Source = document.Position{}, document.Position{}
	return reflect.DeepEqual(&a, &b)
}

func (e entry) sameBranches(other entry) bool {
	a, b := e.Brancher(), other.Brancher()
	return slices.Equal(a.Branches, b.Branches) && slices.Equal(a.SkipBranches, b.SkipBranches)
}

func (e entry) job(root string) Job {
	at := e.Base().Source
	at.File = strings.TrimPrefix(at.File, root)
	return Job{Type: e.Type(), Repo: e.Repo, Name: e.Base().Name, Source: strings.TrimPrefix(at.String(), "/"), Runs: e.runs()}
}
