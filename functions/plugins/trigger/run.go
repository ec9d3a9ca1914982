// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/jobs"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/typed/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/github"
	triggers "github.com/cutwater-ci/cutwater/triggers/jobs"
)

// atOnce is how many ProwJobs of one event are created at the same time.
const atOnce = 8

// creation is how often, and after what pauses, the creation of a ProwJob is tried.
func creation() wait.Backoff {
	return wait.Backoff{Steps: 8, Duration: 250 * time.Millisecond, Factor: 2, Jitter: 0.1}
}

// run makes the ProwJobs of presubmits on the pull; each gets the labels too. A
// pull that conflicts with its base cannot be tested.
func (p *pull) run(ctx context.Context, chosen []jobs.Presubmit, labels map[string]string) error {
	if len(chosen) == 0 {
		return nil
	}
	details, err := p.get(ctx)
	if err != nil {
		return err
	}
	if details.Mergeable != nil && !*details.Mergeable {
		return nil
	}
	base, err := p.base(ctx)
	if err != nil {
		return err
	}
	refs := triggers.PullRefs(*details, base)
	prowJobs := make([]*prowv1.ProwJob, 0, len(chosen))
	for _, presubmit := range chosen {
		o := p.options(p.config, p.guid, p.repo(), prowv1.PresubmitJob, presubmit.Name)
		o.Labels = labels
		prowJobs = append(prowJobs, triggers.FromPresubmit(presubmit, refs, o))
	}
	return p.create(ctx, prowJobs)
}

// options are those of a job that the event starts. The ProwJob's name follows
// from the delivery, so that handling it again makes no second one.
func (t trigger) options(c *config.Config, guid string, repo github.Repo, kind prowv1.ProwJobType, job string) triggers.Options {
	return triggers.Options{
		Name:       triggers.Name(guid, repo.String(), string(kind), job),
		Namespace:  c.ProwJobNamespace,
		EventGUID:  guid,
		Now:        t.now(),
		Scheduling: c.Scheduler.Enabled,
	}
}

// create makes the ProwJobs. One that fails does not stop the others. When
// trying again would help none of those that failed, the error is permanent.
func (t trigger) create(ctx context.Context, prowJobs []*prowv1.ProwJob) error {
	failed := make([]error, len(prowJobs))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, pj := range prowJobs {
		group.Go(func() error {
			if err := createOne(ctx, t.prowJobs.ProwJobs(pj.Namespace), pj); err != nil {
				failed[i] = fmt.Errorf("creating a ProwJob of %s: %w", pj.Spec.Job, err)
			}
			return nil
		})
	}
	_ = group.Wait() // the errors are in failed
	permanent := true
	for _, err := range failed {
		permanent = permanent && (err == nil || rejected(err))
	}
	err := errors.Join(failed...)
	if permanent {
		return event.Permanent(err)
	}
	return err
}

// createOne makes the ProwJob unless it is already there.
func createOne(ctx context.Context, client prowclient.ProwJobInterface, pj *prowv1.ProwJob) error {
	var last error
	err := wait.ExponentialBackoffWithContext(ctx, creation(), func(ctx context.Context) (bool, error) {
		_, last = client.Create(ctx, pj, metav1.CreateOptions{})
		switch {
		case last == nil, apierrors.IsAlreadyExists(last):
			last = nil
			return true, nil
		case rejected(last):
			return false, last
		}
		return false, nil
	})
	if last != nil {
		return last // and not that the time for it has run out
	}
	return err
}

// rejected reports whether the API server will never take what it was sent.
func rejected(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsRequestEntityTooLargeError(err)
}
