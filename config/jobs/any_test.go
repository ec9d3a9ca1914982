// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sample has jobs of all kinds.
func sample() *Jobs {
	job := func(name string) JobBase { return JobBase{Name: name} }
	return &Jobs{
		Presubmits: map[string][]Presubmit{
			"org/b": {{JobBase: job("unit"), Brancher: Brancher{Branches: []string{"main"}}}},
			"org/a": {{JobBase: job("lint")}, {JobBase: job("unit")}},
		},
		Postsubmits: map[string][]Postsubmit{"org/a": {{JobBase: job("publish"), Brancher: Brancher{SkipBranches: []string{"main"}}}}},
		Periodics:   []Periodic{{JobBase: job("nightly")}},
	}
}

// told is what jobs are called, and whether they run on main.
func told(j *Jobs) []string {
	var names []string
	for job := range j.All() {
		name := job.Of() + ": " + job.Base().Name
		if !job.CouldRun("main") {
			name += ", not on main"
		}
		names = append(names, name)
	}
	return names
}

func TestAll(t *testing.T) {
	want := []string{
		"presubmit of org/a: lint", "presubmit of org/a: unit", "presubmit of org/b: unit",
		"postsubmit of org/a: publish, not on main", "periodic: nightly",
	}
	if diff := cmp.Diff(want, told(sample())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for last := range want { // Whoever has found the job looks no further.
		var seen int
		for range sample().All() {
			if seen++; seen > last {
				break
			}
		}
		if seen != last+1 {
			t.Errorf("%d jobs after a break at %d", seen, last+1)
		}
	}
}

func TestWith(t *testing.T) {
	all := sample()
	want := []string{"presubmit of org/a: other", "presubmit of org/b: unit", "periodic: nightly"}
	if diff := cmp.Diff(want, told(all.With("org/a", []Presubmit{{JobBase: JobBase{Name: "other"}}}, nil))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(told(sample()), told(all)); diff != "" {
		t.Errorf("the jobs that it is made from changed (-want +got):\n%s", diff)
	}
	if got := told((&Jobs{}).With("org/new", nil, []Postsubmit{{JobBase: JobBase{Name: "first"}}})); !cmp.Equal(got, []string{"postsubmit of org/new: first"}) {
		t.Errorf("of no jobs: got %v", got)
	}
}
