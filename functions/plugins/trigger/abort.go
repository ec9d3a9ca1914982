// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/typed/prowjobs/v1"
)

// abortedDescription is what users see on GitHub.
const abortedDescription = "Aborted by trigger plugin."

// abort ends the pull's unfinished presubmits. Plank stops their pods and sets
// the time of completion.
func (t trigger) abort(ctx context.Context, e plugin.PullRequest) error {
	client := t.prowJobs.ProwJobs(e.Config.ProwJobNamespace)
	found, err := client.List(ctx, metav1.ListOptions{LabelSelector: labels.Set{
		prowv1.OrgLabel:  e.Repo.Org,
		prowv1.RepoLabel: e.Repo.Name,
		prowv1.PullLabel: strconv.Itoa(e.Pull.Number),
		prowv1.TypeLabel: string(prowv1.PresubmitJob),
	}.String()})
	if err != nil {
		return fmt.Errorf("listing the runs of %v: %w", e.Pull.Issue(), err)
	}
	var failed []error
	for i := range found.Items {
		if !outdated(&found.Items[i], e.GUID) {
			continue
		}
		if err := abortOne(ctx, client, found.Items[i].Name, e.GUID); err != nil {
			failed = append(failed, fmt.Errorf("aborting %s: %w", found.Items[i].Name, err))
		}
	}
	return errors.Join(failed...)
}

// outdated reports whether the run is unfinished, and not one that this very
// delivery started before it was delivered again.
func outdated(pj *prowv1.ProwJob, guid string) bool {
	return !pj.Complete() && pj.Status.State != prowv1.AbortedState && pj.Labels[prowv1.EventGUIDLabel] != guid
}

// abortOne marks the run as aborted unless it has ended meanwhile. It patches
// the very version it has looked at: a result must not be overwritten.
func abortOne(ctx context.Context, client prowclient.ProwJobInterface, name, guid string) error {
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		pj, err := client.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if !outdated(pj, guid) {
			return nil
		}
		patch, err := json.Marshal(map[string]any{
			"metadata": map[string]any{"resourceVersion": pj.ResourceVersion},
			"status":   map[string]any{"state": prowv1.AbortedState, "description": abortedDescription},
		})
		if err != nil {
			return err
		}
		_, err = client.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
		return err
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
