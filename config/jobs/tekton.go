// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"regexp"
	"strconv"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// gitRefs finds, in a PipelineRunSpec, the names of tasks that stand for the repositories of a run.
var gitRefs = regexp.MustCompile(`"name":"(PROW_IMPLICIT_GIT_REF|PROW_EXTRA_GIT_REF_(\d+))"`)

// tekton checks that the repositories that a pipeline wants are those of the job.
func (f *finisher) tekton(b *JobBase, of prowv1.ProwJobType, fail failure) {
	spec := b.PipelineRunSpec
	if b.TektonPipelineRunSpec != nil && b.TektonPipelineRunSpec.V1Beta1 != nil {
		spec = b.TektonPipelineRunSpec.V1Beta1
	}
	if spec == nil {
		return
	}
	used := map[int]bool{}
	for _, found := range gitRefs.FindAllSubmatch(spec.Raw, -1) {
		if len(found[2]) == 0 {
			if of == prowv1.PeriodicJob {
				fail("pipeline_run_spec", "%s needs refs, which periodics do not have", found[1])
			}
			continue
		}
		index, err := strconv.Atoi(string(found[2]))
		switch {
		case err != nil, strconv.Itoa(index) != string(found[2]):
			fail("pipeline_run_spec", "%s has no proper number", found[1])
		case index >= len(b.ExtraRefs):
			fail("pipeline_run_spec", "%s: there are %d extra_refs", found[1], len(b.ExtraRefs))
		}
		used[index] = true
	}
	for i := range b.ExtraRefs {
		if !used[i] {
			fail("pipeline_run_spec", "extra_refs[%d] is not used: no task is named PROW_EXTRA_GIT_REF_%d", i, i)
		}
	}
}
