// SPDX-License-Identifier: Apache-2.0

package jobs

import "fmt"

func (f *findings) presubmitsTogether(all []Presubmit) {
	checkTogether(f, all, "presubmit", func(p *Presubmit) unique {
		return unique{&p.JobBase, p.Brancher, p.Reporter}
	})
}

func (f *findings) postsubmitsTogether(all []Postsubmit) {
	checkTogether(f, all, "postsubmit", func(p *Postsubmit) unique {
		return unique{&p.JobBase, p.Brancher, p.Reporter}
	})
}

// periodicsTogether reports periodics with the same name.
func (f *findings) periodicsTogether(all []Periodic) {
	seen := make(map[string]bool, len(all))
	for i := range all {
		if p := &all[i]; seen[p.Name] {
			f.fail(&p.JobBase, "periodic", "name", "another periodic has this name")
		}
		seen[all[i].Name] = true
	}
}

// unique is what must differ between jobs that run on the same branch.
type unique struct {
	*JobBase
	Brancher
	Reporter
}

// checkTogether reports jobs with the same name, or the same context, that run
// on the same branch. As in Prow it makes no difference that a job does not report.
func checkTogether[T any](f *findings, all []T, kind string, of func(*T) unique) {
	names, contexts := make(map[string][]int, len(all)), make(map[string][]int, len(all)) // Where they are.
	for i := range all {
		job := of(&all[i])
		for _, at := range names[job.Name] {
			if other := of(&all[at]); job.Intersects(other.Brancher) {
				f.fail(job.JobBase, kind, "name", fmt.Sprintf("the job at %s has this name too and runs on the same branch", other.Source))
				break
			}
		}
		names[job.Name] = append(names[job.Name], i)
		for _, at := range contexts[job.Context] {
			if other := of(&all[at]); other.Name != job.Name && job.Intersects(other.Brancher) {
				f.fail(job.JobBase, kind, "context", fmt.Sprintf("%s at %s reports to the context %q too", other.Name, other.Source, job.Context))
				break
			}
		}
		contexts[job.Context] = append(contexts[job.Context], i)
	}
}
