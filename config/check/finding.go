// SPDX-License-Identifier: Apache-2.0

package check

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/jobs"
)

// inConfig is a finding at a path of config.yaml or of one of its supplements.
func inConfig(path, format string, args ...any) Finding {
	return Finding{Problem: document.Problem{Path: path, Message: fmt.Sprintf(format, args...)}, part: ConfigFile}
}

// inPlugins is a finding at a path of plugins.yaml or of one of its supplements.
func inPlugins(path, format string, args ...any) Finding {
	return Finding{Problem: document.Problem{Path: path, Message: fmt.Sprintf(format, args...)}, part: PluginsFile}
}

// known are findings that loading made, at the level that they have.
func known(level Level, problems []document.Problem) []Finding {
	found := make([]Finding, len(problems))
	for i, p := range problems {
		found[i] = Finding{Problem: p, Level: level}
	}
	return found
}

// job is any of the three kinds of jobs.
type job struct {
	*jobs.JobBase
	// kind is presubmit, postsubmit or periodic.
	kind string
	// repo is whose presubmit or postsubmit it is.
	repo string
}

// finding is one at a field of the job.
func (j job) finding(field, format string, args ...any) Finding {
	return Finding{Problem: document.Problem{Position: j.Source, Path: field, Message: j.kind + " " + j.Name + ": " + fmt.Sprintf(format, args...)}}
}

// onKubernetes reports whether the job's agent is kubernetes.
func (j job) onKubernetes() bool { return j.Agent == string(prowv1.KubernetesAgent) }

// presubmits are all presubmits, by repository.
func presubmits(c *config.Config) iter.Seq2[job, *jobs.Presubmit] {
	return func(yield func(job, *jobs.Presubmit) bool) {
		for _, repo := range slices.Sorted(maps.Keys(c.Jobs.Presubmits)) {
			of := c.Jobs.Presubmits[repo]
			for i := range of {
				if !yield(job{&of[i].JobBase, "presubmit", repo}, &of[i]) {
					return
				}
			}
		}
	}
}

// postsubmits are all postsubmits, by repository.
func postsubmits(c *config.Config) iter.Seq[job] {
	return func(yield func(job) bool) {
		for _, repo := range slices.Sorted(maps.Keys(c.Jobs.Postsubmits)) {
			of := c.Jobs.Postsubmits[repo]
			for i := range of {
				if !yield(job{&of[i].JobBase, "postsubmit", repo}) {
					return
				}
			}
		}
	}
}

// periodics are all periodics.
func periodics(c *config.Config) iter.Seq[job] {
	return func(yield func(job) bool) {
		for i := range c.Jobs.Periodics {
			if !yield(job{&c.Jobs.Periodics[i].JobBase, "periodic", ""}) {
				return
			}
		}
	}
}

// allJobs are all of them.
func allJobs(c *config.Config) iter.Seq[job] {
	return func(yield func(job) bool) {
		for j := range presubmits(c) {
			if !yield(j) {
				return
			}
		}
		for _, kind := range []iter.Seq[job]{postsubmits(c), periodics(c)} {
			for j := range kind {
				if !yield(j) {
					return
				}
			}
		}
	}
}
