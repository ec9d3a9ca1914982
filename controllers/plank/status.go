// SPDX-License-Identifier: Apache-2.0

package plank

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// githubReporter is crier's GitHub reporter, as a key of prev_report_states.
const githubReporter = "github-reporter"

// change is some fields and their new values, as in a JSON merge patch.
type change map[string]any

// complete records that a run has ended, with some more of its status.
func (r *Reconciler) complete(ctx context.Context, pj *prowv1.ProwJob, status change) error {
	status["completionTime"] = metav1.NewTime(r.Now())
	if err := r.patch(ctx, pj, status); err != nil {
		return fmt.Errorf("recording the end of a run: %w", err)
	}
	state := pj.Status.State
	if s, ok := status["state"].(prowv1.ProwJobState); ok {
		state = s
	}
	r.log.Infow("The run has ended.", "prowjob", pj.Name, "job", pj.Spec.Job, "state", state, "description", status["description"])
	return nil
}

// patch changes a ProwJob's status.
func (r *Reconciler) patch(ctx context.Context, pj *prowv1.ProwJob, status change) error {
	return r.patchWith(ctx, pj, status, nil)
}

// patchWith changes a ProwJob's status and metadata, provided that nobody
// changed the ProwJob since we read it: an abort, for one, must not be
// overwritten. A conflict is an error to be retried; a ProwJob that is gone is none.
func (r *Reconciler) patchWith(ctx context.Context, pj *prowv1.ProwJob, status, metadata change) error {
	guarded := change{"resourceVersion": pj.ResourceVersion}
	maps.Copy(guarded, metadata)
	body, err := json.Marshal(change{"metadata": guarded, "status": status})
	if err != nil {
		return fmt.Errorf("encoding a patch of %s: %w", pj.Name, err)
	}
	_, err = r.client.ProwJobs(pj.Namespace).Patch(ctx, pj.Name, types.MergePatchType, body, metav1.PatchOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("patching %s: %w", pj.Name, err)
	}
	return nil
}
