// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/util/wait"
	"knative.dev/pkg/logging"
)

const (
	freshPage    = 200 // ProwJobs
	freshRetry   = 100 * time.Millisecond
	freshTimeout = 30 * time.Second // of one look
)

// fresh says whether the cache shows what the API server has of all ProwJobs.
// A watch can lag, or be cut without anybody's noticing for a while.
func (c *cluster) fresh(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, freshTimeout)
	defer cancel()
	cached := c.jobs.Prow().V1().ProwJobs().Lister().ProwJobs(c.jobNamespace)
	options := metav1.ListOptions{Limit: freshPage}
	for {
		page, err := c.prow.ProwV1().ProwJobs(c.jobNamespace).List(ctx, options)
		if err != nil {
			return false, fmt.Errorf("listing ProwJobs: %w", err)
		}
		for i := range page.Items {
			ours, err := cached.Get(page.Items[i].Name)
			if apierrors.IsNotFound(err) {
				return false, nil
			}
			if err != nil {
				return false, err
			}
			order, err := resourceversion.CompareResourceVersion(ours.ResourceVersion, page.Items[i].ResourceVersion)
			if err != nil {
				return false, fmt.Errorf("comparing the cache with the API server: %w", err)
			}
			if order < 0 {
				return false, nil
			}
		}
		if options.Continue = page.Continue; options.Continue == "" {
			return true, nil
		}
	}
}

// untilFresh waits for the cache to show all that was written before the term
// began: what the replica before this one did, above all, so that no limit is
// exceeded and no old state is reported after a newer one. It reports whether
// the term has not ended meanwhile.
func (c *cluster) untilFresh(term context.Context) bool {
	var failing complaint
	return wait.PollUntilContextCancel(term, freshRetry, true, func(ctx context.Context) (bool, error) {
		fresh, err := c.fresh(ctx)
		if ctx.Err() == nil {
			failing.about(logging.FromContext(ctx), "cannot see yet whether the cache is fresh; until then, the controller does not work", err)
		}
		return fresh, nil
	}) == nil
}
