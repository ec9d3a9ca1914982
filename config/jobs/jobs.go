// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"fmt"
	"maps"
	"slices"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Jobs is all jobs of a configuration, with their defaults. It is immutable.
type Jobs struct {
	Presets []Preset
	// Presubmits are by "org/repo".
	Presubmits map[string][]Presubmit
	// Postsubmits are by "org/repo".
	Postsubmits map[string][]Postsubmit
	Periodics   []Periodic
}

// Settings is what the other parts of config.yaml mean for jobs.
type Settings struct {
	// PodNamespace is the namespace of jobs that name none.
	PodNamespace string
	// DecorateAll decorates jobs that do not say.
	DecorateAll bool
	// Decoration is the default decoration of jobs of a repo on a cluster, nil for none.
	Decoration func(orgRepo, cluster string) *prowv1.DecorationConfig
	// ProwJobDefault is the like for prowjob_defaults.
	ProwJobDefault func(orgRepo, cluster string) *prowv1.ProwJobDefault
	// Queues are the names that job_queue_name may have.
	Queues map[string]int
}

// Finish gives the jobs of files, which are as they were decoded, their defaults
// and what presets add, and reports what is wrong with each job by itself. It
// changes the jobs, and nothing that they point to: that may be shared.
func Finish(files []*File, presets []Preset, s Settings) []Invalid {
	f := newFinisher(s, presets)
	for _, file := range files {
		for _, repo := range slices.Sorted(maps.Keys(file.Presubmits)) {
			f.presubmits(repo, file.Presubmits[repo])
		}
		for _, repo := range slices.Sorted(maps.Keys(file.Postsubmits)) {
			f.postsubmits(repo, file.Postsubmits[repo])
		}
		f.periodics(file.Periodics)
	}
	return f.invalid
}

// Presets is the presets of all files.
func Presets(files []*File) []Preset {
	lists := make([][]Preset, len(files))
	for i, f := range files {
		lists[i] = f.Presets
	}
	return slices.Concat(lists...)
}

// Assemble makes one set of jobs of finished files, in their order, and reports
// what is wrong with them together. The files' lists become parts of the set's,
// so that no job is in memory twice.
func Assemble(files []*File) (*Jobs, []Invalid) {
	all := &Jobs{
		Presets:     Presets(files),
		Presubmits:  byRepo(files, func(f *File) map[string][]Presubmit { return f.Presubmits }),
		Postsubmits: byRepo(files, func(f *File) map[string][]Postsubmit { return f.Postsubmits }),
		Periodics:   periodics(files),
	}
	var f findings
	f.checkPresets(all.Presets)
	for _, repo := range slices.Sorted(maps.Keys(all.Presubmits)) {
		f.presubmitsTogether(all.Presubmits[repo])
	}
	for _, repo := range slices.Sorted(maps.Keys(all.Postsubmits)) {
		f.postsubmitsTogether(all.Postsubmits[repo])
	}
	f.periodicsTogether(all.Periodics)
	return all, f.invalid
}

// byRepo is the jobs of all files, in their order, without a copy where they are in one file.
func byRepo[T any](files []*File, of func(*File) map[string][]T) map[string][]T {
	in, size := map[string]int{}, map[string]int{}
	for _, f := range files {
		for repo, list := range of(f) {
			in[repo]++
			size[repo] += len(list)
		}
	}
	all := make(map[string][]T, len(in))
	for _, f := range files {
		for repo, list := range of(f) {
			if in[repo] == 1 {
				all[repo] = list
				continue
			}
			if all[repo] == nil {
				all[repo] = make([]T, 0, size[repo])
			}
			all[repo], of(f)[repo] = joined(all[repo], list)
		}
	}
	return all
}

func periodics(files []*File) []Periodic {
	size := 0
	for _, f := range files {
		size += len(f.Periodics)
	}
	all := make([]Periodic, 0, size)
	for _, f := range files {
		all, f.Periodics = joined(all, f.Periodics)
	}
	return all
}

// joined is a list with another one at its end, and that end.
func joined[T any](all, list []T) (longer, end []T) {
	longer = append(all, list...)
	return longer, slices.Clip(longer[len(all):])
}

// WithInRepo is the static jobs of the repo followed by those that it brings,
// with their defaults, and all that is wrong with them together. clusterAllowed
// says where the repo's own jobs may run. The file's jobs are copied; it may be nil.
func (j *Jobs) WithInRepo(orgRepo string, file *InRepoFile, s Settings, clusterAllowed func(string) bool) ([]Presubmit, []Postsubmit, []Invalid) {
	if file == nil {
		return j.Presubmits[orgRepo], j.Postsubmits[orgRepo], nil
	}
	f := newFinisher(s, slices.Concat(j.Presets, file.Presets))
	// Anybody can write these, in a pull: what they cost is limited.
	f.limited, f.patterns.limited = true, true
	f.checkPresets(f.presets.all)
	presubmits := slices.Concat(j.Presubmits[orgRepo], file.Presubmits)
	postsubmits := slices.Concat(j.Postsubmits[orgRepo], file.Postsubmits)
	ownPre, ownPost := presubmits[len(j.Presubmits[orgRepo]):], postsubmits[len(j.Postsubmits[orgRepo]):]
	f.presubmits(orgRepo, ownPre)
	f.presubmitsTogether(presubmits)
	for i := range ownPre {
		f.checkCluster(&ownPre[i].JobBase, "presubmit", clusterAllowed)
	}
	f.postsubmits(orgRepo, ownPost)
	f.postsubmitsTogether(postsubmits)
	for i := range ownPost {
		f.checkCluster(&ownPost[i].JobBase, "postsubmit", clusterAllowed)
	}
	return presubmits, postsubmits, f.invalid
}

func (f *finisher) checkCluster(b *JobBase, kind string, allowed func(string) bool) {
	if !allowed(b.Cluster) {
		f.fail(b, kind, "cluster", fmt.Sprintf("cluster %q is not allowed for jobs of this repository", b.Cluster))
	}
}
