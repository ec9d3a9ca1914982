// SPDX-License-Identifier: Apache-2.0

package plank

import (
	"fmt"
	"slices"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// duplicatesIndex finds the presubmit runs that test the same pulls.
const duplicatesIndex = "duplicates"

// indexDuplicates is the informer's index function of duplicatesIndex.
func indexDuplicates(obj any) ([]string, error) {
	pj, ok := obj.(*prowv1.ProwJob)
	if !ok || !replaceable(pj) {
		return nil, nil
	}
	return []string{duplicateKey(pj)}, nil
}

// replaceable says whether a newer run of the job on the same pulls makes this one useless.
func replaceable(pj *prowv1.ProwJob) bool {
	return ours(pj) && !pj.Complete() && pj.Spec.Type == prowv1.PresubmitJob &&
		(pj.Status.State == prowv1.TriggeredState || pj.Status.State == prowv1.PendingState)
}

// duplicateKey is equal for runs of one job on the same pulls, whatever their commits.
func duplicateKey(pj *prowv1.ProwJob) string {
	var refs []string
	if pj.Spec.Refs != nil {
		refs = append(refs, target(pj.Spec.Refs))
	}
	for i := range pj.Spec.ExtraRefs {
		refs = append(refs, target(&pj.Spec.ExtraRefs[i]))
	}
	slices.Sort(refs)
	return pj.Namespace + "/" + pj.Spec.Job + " " + strings.Join(refs, " ")
}

// target names a branch and the pulls on it: org/repo@branch#1,2.
func target(refs *prowv1.Refs) string {
	pulls := make([]int, 0, len(refs.Pulls))
	for _, pull := range refs.Pulls {
		pulls = append(pulls, pull.Number)
	}
	slices.Sort(pulls)
	return fmt.Sprintf("%s/%s@%s#%v", refs.Org, refs.Repo, refs.BaseRef, pulls)
}

// outdated returns all but the newest of some duplicates.
func outdated(duplicates []*prowv1.ProwJob) []*prowv1.ProwJob {
	if len(duplicates) < 2 {
		return nil
	}
	sorted := slices.SortedFunc(slices.Values(duplicates), (*prowv1.ProwJob).Compare)
	return sorted[:len(sorted)-1]
}
