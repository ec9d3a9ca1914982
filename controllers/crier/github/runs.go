// SPDX-License-Identifier: Apache-2.0

package github

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"k8s.io/client-go/tools/cache"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// The indexes of ProwJobs in which the reporter finds the other runs that matter to one.
const (
	byStatus = "github-status" // that set the same status
	byPull   = "github-pull"   // that are labelled with the same pull
)

// Indexers are the indexes that NewReporter's runs must have.
func Indexers() cache.Indexers {
	return cache.Indexers{
		byStatus: indexBy(statusKey),
		byPull:   indexBy(pullKey),
	}
}

func indexBy(key func(*prowv1.ProwJob) string) cache.IndexFunc {
	return func(obj any) ([]string, error) {
		if pj, ok := obj.(*prowv1.ProwJob); ok {
			if k := key(pj); k != "" {
				return []string{k}, nil
			}
		}
		return nil, nil
	}
}

// statusKey names the status that a run sets; it is empty when it sets none.
func statusKey(pj *prowv1.ProwJob) string {
	if pj.Spec.Refs == nil || !pj.Spec.Report {
		return ""
	}
	return fmt.Sprintf("%s@%s %s", pj.Spec.Refs.OrgRepo(), commitOf(pj.Spec.Refs), pj.Spec.Context)
}

// pullKey names the pull that a run is labelled with; it is empty when it is none.
func pullKey(pj *prowv1.ProwJob) string {
	org, repo, pull := pj.Labels[prowv1.OrgLabel], pj.Labels[prowv1.RepoLabel], pj.Labels[prowv1.PullLabel]
	if pull == "" {
		return ""
	}
	return fmt.Sprintf("%s/%s#%s", org, repo, pull)
}

// runs finds runs in an index; none has an empty key.
func (r *Reporter) runs(index, key string) ([]*prowv1.ProwJob, error) {
	if key == "" {
		return nil, nil
	}
	found, err := r.jobs.ByIndex(index, key)
	if err != nil {
		return nil, fmt.Errorf("finding the runs of %s: %w", key, err)
	}
	runs := make([]*prowv1.ProwJob, 0, len(found))
	for _, obj := range found {
		if pj, ok := obj.(*prowv1.ProwJob); ok {
			runs = append(runs, pj)
		}
	}
	return runs, nil
}

// outdated says whether a newer run has taken over the run's status. What is
// reported late, since GitHub was away or plank aborted a run in favour of
// another, must not stand over what is newer.
func (r *Reporter) outdated(pj *prowv1.ProwJob, settings Settings) (bool, error) {
	runs, err := r.runs(byStatus, statusKey(pj))
	return slices.ContainsFunc(runs, func(other *prowv1.ProwJob) bool {
		return other.Compare(pj) > 0 && settings.tells(other)
	}), err
}

// ended is the newest run of each job of the pull, by context, or none while any run is under way.
func (r *Reporter) ended(pj *prowv1.ProwJob) ([]*prowv1.ProwJob, error) {
	all, err := r.runs(byPull, pullKey(pj))
	if err != nil {
		return nil, err
	}
	newest := map[string]*prowv1.ProwJob{}
	for _, run := range all {
		if !run.Complete() {
			return nil, nil
		}
		if !run.Spec.Report {
			continue
		}
		if before, ok := newest[run.Spec.Job]; !ok || run.Compare(before) > 0 {
			newest[run.Spec.Job] = run
		}
	}
	return slices.SortedFunc(maps.Values(newest), func(a, b *prowv1.ProwJob) int {
		return cmp.Or(cmp.Compare(a.Spec.Context, b.Spec.Context), cmp.Compare(a.Spec.Job, b.Spec.Job))
	}), nil
}
