// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"fmt"
	"maps"
	"slices"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/document"
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

// Invalid is something wrong with a job.
type Invalid struct {
	// Source is where the job is written.
	Source document.Position
	// Job names it, such as "presubmit unit".
	Job string
	// Field is the path below the job; it may be empty.
	Field   string
	Message string
	// Warning is whether the job is good all the same.
	Warning bool
}

// Problem is the error, at the job.
func (i Invalid) Problem() document.Problem {
	return document.Problem{Position: i.Source, Path: i.Field, Message: i.Job + ": " + i.Message}
}

// Assemble makes one set of jobs of the files, in their order, with defaults,
// and reports all that is wrong with them. It changes the files' jobs.
func Assemble(files []*File, s Settings) (*Jobs, []Invalid) {
	all := &Jobs{
		Presubmits:  byRepo(files, func(f *File) map[string][]Presubmit { return f.Presubmits }),
		Postsubmits: byRepo(files, func(f *File) map[string][]Postsubmit { return f.Postsubmits }),
	}
	periodics := make([][]Periodic, len(files))
	for i, f := range files {
		all.Presets = append(all.Presets, f.Presets...)
		periodics[i] = f.Periodics
	}
	all.Periodics = slices.Concat(periodics...)
	f := newFinisher(s, all.Presets)
	f.checkPresets(all.Presets)
	for _, repo := range slices.Sorted(maps.Keys(all.Presubmits)) {
		f.presubmits(repo, all.Presubmits[repo], 0)
	}
	for _, repo := range slices.Sorted(maps.Keys(all.Postsubmits)) {
		f.postsubmits(repo, all.Postsubmits[repo], 0)
	}
	f.periodics(all.Periodics)
	return all, f.invalid
}

// byRepo is the jobs of all files, in their order, without a copy where they are in one file.
func byRepo[T any](files []*File, of func(*File) map[string][]T) map[string][]T {
	lists := map[string][][]T{}
	for _, f := range files {
		for repo, list := range of(f) {
			lists[repo] = append(lists[repo], list)
		}
	}
	all := make(map[string][]T, len(lists))
	for repo, list := range lists {
		all[repo] = list[0]
		if len(list) > 1 {
			all[repo] = slices.Concat(list...)
		}
	}
	return all
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
	f.checkPresets(f.presets)
	presubmits := slices.Clip(j.Presubmits[orgRepo])
	for _, p := range file.Presubmits {
		p.JobBase = p.JobBase.copied()
		presubmits = append(presubmits, p)
	}
	postsubmits := slices.Clip(j.Postsubmits[orgRepo])
	for _, p := range file.Postsubmits {
		p.JobBase = p.JobBase.copied()
		postsubmits = append(postsubmits, p)
	}
	static := len(j.Presubmits[orgRepo])
	f.presubmits(orgRepo, presubmits, static)
	for i := range presubmits[static:] {
		f.checkCluster(&presubmits[static+i].JobBase, "presubmit", clusterAllowed)
	}
	static = len(j.Postsubmits[orgRepo])
	f.postsubmits(orgRepo, postsubmits, static)
	for i := range postsubmits[static:] {
		f.checkCluster(&postsubmits[static+i].JobBase, "postsubmit", clusterAllowed)
	}
	return presubmits, postsubmits, f.invalid
}

func (f *finisher) checkCluster(b *JobBase, kind string, allowed func(string) bool) {
	if !allowed(b.Cluster) {
		f.fail(b, kind, "cluster", fmt.Sprintf("cluster %q is not allowed for jobs of this repository", b.Cluster))
	}
}

// copied is the job with what defaulting changes being its own.
func (b JobBase) copied() JobBase {
	b.Spec = b.Spec.DeepCopy()
	return b
}
