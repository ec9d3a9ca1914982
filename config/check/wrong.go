// SPDX-License-Identifier: Apache-2.0

package check

import (
	"iter"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/jobs"
)

// wrong is what of a configuration has errors, so that checks leave it alone.
type wrong struct {
	// keys are the top-level keys of config.yaml and its supplements.
	keys map[string]bool
	// jobs are by their places.
	jobs map[place]bool
}

// place is where a job is written.
type place struct {
	file         string
	line, column int
}

func placeOf(p document.Position) place { return place{p.File, p.Line, p.Column} }

// jobPath is the path of a job, at the start of a path in it.
var jobPath = regexp.MustCompile(`^(?:(?:presubmits|postsubmits)(?:\[[^\]]*\]|\.[^.\[]+)|periodics)\[\d+\]`)

// takeErrors notes what the errors of loading config.yaml and its like are about.
func (in *Input) takeErrors(errors []Finding) {
	in.wrong = wrong{keys: map[string]bool{}, jobs: map[place]bool{}}
	places := newPlaces(*in)
	for _, p := range errors {
		if job := jobPath.FindString(p.Path); job != "" {
			if doc := places.doc(p.File); doc != nil {
				in.wrong.jobs[placeOf(doc.Locate(job))] = true
			}
			continue
		}
		key, _, _ := strings.Cut(strings.ReplaceAll(p.Path, "[", "."), ".")
		switch {
		case key != "":
			in.wrong.keys[key] = true
		case p.File == in.Files.Config.Config:
			in.Config = nil // nothing of it can be relied on
		case in.supplemental(p.File):
			for _, key := range mergeable() {
				in.wrong.keys[key] = true
			}
		}
	}
}

// mergeable are the keys that supplemental files may set.
func mergeable() []string { return []string{"branch-protection", "slack_reporter_configs", "tide"} }

// supplemental reports whether a file is a supplement of config.yaml, or its folder.
func (in *Input) supplemental(file string) bool {
	return slices.ContainsFunc(in.Files.Config.SupplementalConfigDirs, func(dir string) bool {
		relative, err := filepath.Rel(dir, file)
		return err == nil && filepath.IsLocal(relative)
	})
}

// reliable reports whether the configuration, as far as the keys, has no errors.
func (w wrong) reliable(keys []string) bool {
	return !slices.ContainsFunc(keys, func(key string) bool { return w.keys[key] })
}

// any reports whether anything is wrong.
func (w wrong) any() bool { return len(w.keys)+len(w.jobs) > 0 }

// job is a job of any kind, with what all kinds have at hand.
type job struct {
	jobs.Any
	*jobs.JobBase
}

// jobs are all jobs without errors.
func (in Input) jobs() iter.Seq[job] {
	return func(yield func(job) bool) {
		for any := range in.Config.Jobs.All() {
			j := job{any, any.Base()}
			if !in.wrong.jobs[placeOf(j.Source)] && !yield(j) {
				return
			}
		}
	}
}

// presubmits are those of a repository without errors.
func (in Input) presubmits(repo string) []jobs.Presubmit {
	return slices.DeleteFunc(slices.Clone(in.Config.Presubmits(repo)), func(p jobs.Presubmit) bool {
		return in.wrong.jobs[placeOf(p.Source)]
	})
}
