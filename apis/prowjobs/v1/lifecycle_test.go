// SPDX-License-Identifier: Apache-2.0

package v1_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Runs that were made within one second are in the order in which they got their pods.
func TestCompare(t *testing.T) {
	run := func(name string, second int64, buildID string, state prowv1.ProwJobState) *prowv1.ProwJob {
		pj := &prowv1.ProwJob{}
		pj.Name, pj.CreationTimestamp = name, metav1.Unix(second, 0)
		pj.Status.StartTime, pj.Status.BuildID, pj.Status.State = metav1.Unix(second, 0), buildID, state
		if state == prowv1.SuccessState || state == prowv1.FailureState {
			pj.SetComplete(metav1.Unix(second+60, 0).Time)
		}
		return pj
	}
	want := []string{"z-earlier", "y-never-had-a-pod", "x-failed", "w-retried", "v-running", "a-waiting", "b-waiting", "a-later"}
	runs := []*prowv1.ProwJob{
		run("a-waiting", 2, "", prowv1.TriggeredState), run("w-retried", 2, "100", prowv1.SuccessState), run("a-later", 3, "1", prowv1.PendingState),
		run("y-never-had-a-pod", 2, "", prowv1.AbortedState), run("b-waiting", 2, "", prowv1.TriggeredState),
		run("x-failed", 2, "99", prowv1.FailureState), run("z-earlier", 1, "500", prowv1.SuccessState), run("v-running", 2, "101", prowv1.PendingState),
	}
	slices.SortFunc(runs, (*prowv1.ProwJob).Compare)
	var got []string
	for _, pj := range runs {
		got = append(got, pj.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}
