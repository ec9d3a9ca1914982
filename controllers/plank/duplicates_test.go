// SPDX-License-Identifier: Apache-2.0

package plank

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

func pulls(numbers ...int) *prowv1.Refs {
	refs := &prowv1.Refs{Org: "org", Repo: "repo", BaseRef: "main"}
	for _, n := range numbers {
		refs.Pulls = append(refs.Pulls, prowv1.Pull{Number: n, SHA: "of the day"})
	}
	return refs
}

func TestDuplicateKey(t *testing.T) {
	presubmit := func(changes ...func(*prowv1.ProwJob)) *prowv1.ProwJob {
		return job(prowv1.PendingState, append([]func(*prowv1.ProwJob){func(pj *prowv1.ProwJob) {
			pj.Spec.Type = prowv1.PresubmitJob
			pj.Spec.Refs = pulls(1)
		}}, changes...)...)
	}
	extra := func(refs ...prowv1.Refs) func(*prowv1.ProwJob) {
		return func(pj *prowv1.ProwJob) { pj.Spec.ExtraRefs = refs }
	}
	of := func(refs *prowv1.Refs) func(*prowv1.ProwJob) {
		return func(pj *prowv1.ProwJob) { pj.Spec.Refs = refs }
	}
	commit := func(pj *prowv1.ProwJob) { pj.Spec.Refs = pulls(1); pj.Spec.Refs.Pulls[0].SHA = "of tomorrow" }
	a, b := *pulls(7), *pulls(8)
	for _, tc := range []struct {
		name string
		a, b *prowv1.ProwJob
		same bool
	}{
		{"another commit", presubmit(), presubmit(commit), true},
		{"pulls in another order", presubmit(of(pulls(2, 1))), presubmit(of(pulls(1, 2))), true},
		{"extra refs in another order", presubmit(extra(a, b)), presubmit(extra(b, a)), true},
		{"another state", presubmit(), presubmit(func(pj *prowv1.ProwJob) { pj.Status.State = prowv1.TriggeredState }), true},
		{"another pull", presubmit(), presubmit(of(pulls(2))), false},
		{"more pulls", presubmit(), presubmit(of(pulls(1, 2))), false},
		{"other extra refs", presubmit(extra(a)), presubmit(extra(b)), false},
		{"another job", presubmit(), presubmit(func(pj *prowv1.ProwJob) { pj.Spec.Job = "lint" }), false},
		{"another branch", presubmit(), presubmit(of(&prowv1.Refs{Org: "org", Repo: "repo", BaseRef: "v1", Pulls: pulls(1).Pulls})), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			keyA, _ := indexDuplicates(tc.a)
			keyB, _ := indexDuplicates(tc.b)
			if len(keyA) != 1 || len(keyB) != 1 || (keyA[0] == keyB[0]) != tc.same {
				t.Errorf("keys %q and %q: same should be %v", keyA, keyB, tc.same)
			}
		})
	}
	for name, pj := range map[string]*prowv1.ProwJob{
		"complete":      presubmit(complete),
		"aborted":       presubmit(func(pj *prowv1.ProwJob) { pj.Status.State = prowv1.AbortedState }),
		"scheduling":    presubmit(func(pj *prowv1.ProwJob) { pj.Status.State = prowv1.SchedulingState }),
		"another agent": presubmit(func(pj *prowv1.ProwJob) { pj.Spec.Agent = prowv1.JenkinsAgent }),
		"a batch":       presubmit(func(pj *prowv1.ProwJob) { pj.Spec.Type = prowv1.BatchJob }),
		"a postsubmit":  presubmit(func(pj *prowv1.ProwJob) { pj.Spec.Type = prowv1.PostsubmitJob }),
		"a periodic":    presubmit(func(pj *prowv1.ProwJob) { pj.Spec.Type = prowv1.PeriodicJob }),
	} {
		if keys, _ := indexDuplicates(pj); len(keys) != 0 {
			t.Errorf("%s: indexed as %q, want nothing", name, keys)
		}
	}
}

func TestOutdated(t *testing.T) {
	at := func(name string, started, created int64) *prowv1.ProwJob {
		return job(prowv1.PendingState, func(pj *prowv1.ProwJob) {
			pj.Name = name
			pj.Status.StartTime = metav1.Unix(started, 0)
			pj.CreationTimestamp = metav1.Unix(created, 0)
		})
	}
	for _, tc := range []struct {
		name string
		runs []*prowv1.ProwJob
		want []string
	}{
		{"none", nil, nil},
		{"one", []*prowv1.ProwJob{at("a", 1, 1)}, nil},
		{"the newest stays", []*prowv1.ProwJob{at("b", 2, 0), at("c", 3, 0), at("a", 1, 0)}, []string{"a", "b"}},
		{"same start, creation decides", []*prowv1.ProwJob{at("b", 1, 1), at("a", 1, 2)}, []string{"b"}},
		{"same times, names decide", []*prowv1.ProwJob{at("b", 1, 1), at("a", 1, 1)}, []string{"a"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, pj := range outdated(tc.runs) {
				got = append(got, pj.Name)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("outdated runs (-want +got):\n%s", diff)
			}
		})
	}
}
