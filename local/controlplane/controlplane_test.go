// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
)

// The API server must hold ProwJobs to the contract's rules.
func TestProwJobValidation(t *testing.T) {
	config := Test(t)
	client := versioned.NewForConfigOrDie(config).ProwV1().ProwJobs("default")
	now := metav1.Now()
	valid := func() *prowv1.ProwJob {
		return &prowv1.ProwJob{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "job-"},
			Spec:       prowv1.ProwJobSpec{Job: "unit", Type: prowv1.PresubmitJob},
			Status:     prowv1.ProwJobStatus{State: prowv1.TriggeredState, StartTime: now},
		}
	}
	for _, tc := range []struct {
		name    string
		change  func(*prowv1.ProwJob)
		wantErr string
	}{
		{"valid", func(*prowv1.ProwJob) {}, ""},
		{"no job", func(j *prowv1.ProwJob) { j.Spec.Job = "" }, "spec.job"},
		{"no type", func(j *prowv1.ProwJob) { j.Spec.Type = "" }, "spec.type"},
		{"unknown type", func(j *prowv1.ProwJob) { j.Spec.Type = "sometimes" }, "spec.type"},
		{"unknown state", func(j *prowv1.ProwJob) { j.Status.State = "lost" }, "status.state"},
		{"negative concurrency", func(j *prowv1.ProwJob) { j.Spec.MaxConcurrency = -1 }, "spec.max_concurrency"},
		{"success without a completion time", func(j *prowv1.ProwJob) { j.Status.State = prowv1.SuccessState }, "completionTime"},
		{"aborted without a completion time", func(j *prowv1.ProwJob) { j.Status.State = prowv1.AbortedState }, ""},
		{"success", func(j *prowv1.ProwJob) { j.Status.State = prowv1.SuccessState; j.Status.CompletionTime = &now }, ""},
	} {
		job := valid()
		tc.change(job)
		_, err := client.Create(t.Context(), job, metav1.CreateOptions{})
		switch {
		case tc.wantErr == "" && err != nil:
			t.Errorf("%s: got error %v", tc.name, err)
		case tc.wantErr != "" && (!apierrors.IsInvalid(err) || !strings.Contains(err.Error(), tc.wantErr)):
			t.Errorf("%s: got error %v, want one about %s", tc.name, err, tc.wantErr)
		}
	}
}
