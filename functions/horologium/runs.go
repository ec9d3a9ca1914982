// SPDX-License-Identifier: Apache-2.0

package horologium

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/logging"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/triggers/jobs"
	"github.com/cutwater-ci/cutwater/triggers/schedule"
)

const (
	// page is how many ProwJobs are in memory whole at a time; each may have many KiB.
	page = 250
	// workers is how many ProwJobs are created at a time.
	workers = 8
	// toldErrors is how many errors are told in full.
	toldErrors = 5
)

// latestRuns returns the latest run of each periodic.
func (h *horologium) latestRuns(ctx context.Context, namespace string) (schedule.Runs, error) {
	runs := schedule.Runs{}
	options := metav1.ListOptions{Limit: page, LabelSelector: prowv1.TypeLabel + "=" + string(prowv1.PeriodicJob)}
	for {
		list, err := h.prow.ProwV1().ProwJobs(namespace).List(ctx, options)
		if err != nil {
			return nil, fmt.Errorf("listing the runs of periodics: %w", err)
		}
		for i := range list.Items {
			runs.Add(slim(&list.Items[i]))
		}
		if options.Continue = list.Continue; options.Continue == "" {
			return runs, nil
		}
	}
}

// slim is a copy of a ProwJob with what decisions need alone.
func slim(pj *prowv1.ProwJob) *prowv1.ProwJob {
	return &prowv1.ProwJob{
		ObjectMeta: metav1.ObjectMeta{Name: pj.Name, Labels: pj.Labels, Annotations: pj.Annotations, CreationTimestamp: pj.CreationTimestamp},
		Spec:       prowv1.ProwJobSpec{Type: pj.Spec.Type, Job: pj.Spec.Job},
		Status: prowv1.ProwJobStatus{
			State: pj.Status.State, StartTime: pj.Status.StartTime, CompletionTime: pj.Status.CompletionTime, BuildID: pj.Status.BuildID,
		},
	}
}

// start creates the ProwJobs that are due. One that fails keeps no other from
// being created. The error is of those that are to be tried again at once: what
// the API server refuses for good is logged. By a cron line it is then passed over
// as if it had run; by an interval, which counts from a run, it stays due.
func (h *horologium) start(ctx context.Context, c *config.Config, due []schedule.Due, now time.Time) error {
	var group errgroup.Group
	group.SetLimit(workers)
	var mu sync.Mutex
	var errs []error
	failed := 0
	for _, d := range due {
		group.Go(func() error {
			if err := h.startOne(ctx, c, d, now); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if failed++; len(errs) < toldErrors {
					errs = append(errs, err)
				}
			}
			return nil
		})
	}
	_ = group.Wait() // what failed is in errs
	if failed > 0 {
		return fmt.Errorf("%d of %d runs could not be started, among them: %w", failed, len(due), errors.Join(errs...))
	}
	return nil
}

func (h *horologium) startOne(ctx context.Context, c *config.Config, due schedule.Due, now time.Time) error {
	periodic := c.Periodics()[due.Index]
	pj := jobs.FromPeriodic(periodic, jobs.Options{
		Name:        due.Name(),
		Namespace:   c.ProwJobNamespace,
		Labels:      due.Labels(),
		Annotations: due.Annotations(),
		Now:         now,
		Scheduling:  c.Scheduler.Enabled,
	})
	log := logging.FromContext(ctx).With("job", periodic.Name, "prowjob", pj.Name, "due", due.At, "attempt", due.Attempt)
	_, err := h.prow.ProwV1().ProwJobs(c.ProwJobNamespace).Create(ctx, pj, metav1.CreateOptions{})
	switch {
	case err == nil:
		log.Infow("started a run")
		h.metrics.started.Inc()
		h.metrics.late.Observe(now.Sub(due.Since).Seconds())
		return nil
	case apierrors.IsAlreadyExists(err):
		return nil
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err):
		log.Errorw("a run was refused", "error", err)
		h.metrics.refused.Inc()
		return nil
	}
	h.metrics.failed.Inc()
	return fmt.Errorf("starting a run of %s: %w", periodic.Name, err)
}
