// SPDX-License-Identifier: Apache-2.0

package plank

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/reconciler"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/typed/prowjobs/v1"
	prowjobreconciler "github.com/cutwater-ci/cutwater/internal/client/injection/reconciler/prowjobs/v1/prowjob"
)

const (
	// reconcileTimeout bounds one reconcile, tot's back-off included.
	reconcileTimeout = 2 * time.Minute
	// retryPlace is when a run that has to wait for others asks again, should the news of their end get lost.
	retryPlace = 10 * time.Second
)

// Reconciler moves ProwJobs along.
type Reconciler struct {
	Options

	client prowclient.ProwJobsGetter
	jobs   cache.Indexer // of ProwJobs, with duplicatesIndex
	limits *limits
	log    *zap.SugaredLogger
}

var _ prowjobreconciler.Interface = (*Reconciler)(nil)

// ReconcileKind moves a ProwJob one step along: it gives a triggered job its
// pod, and copies what became of the pod back onto the job.
func (r *Reconciler) ReconcileKind(ctx context.Context, pj *prowv1.ProwJob) reconciler.Event {
	if !ours(pj) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, reconcileTimeout)
	defer cancel()

	// First, make room: a newer run on the same pulls ends the older ones.
	if aborted, err := r.abortOutdated(ctx, pj); aborted || err != nil {
		return err
	}
	cluster, ok := r.Clusters[pj.ClusterAlias()]
	if !ok {
		return r.giveUp(ctx, pj, fmt.Errorf("unknown cluster alias %q", pj.ClusterAlias()))
	}
	pod, err := podOf(ctx, pj, cluster)
	if err != nil {
		return err
	}
	settings := r.Settings()
	return r.act(ctx, decide(pj, pod, settings, r.Now()), pj, pod, cluster, settings)
}

func (r *Reconciler) act(ctx context.Context, s step, pj *prowv1.ProwJob, pod *corev1.Pod, cluster Cluster, settings Settings) error {
	switch s.do {
	case start:
		return r.start(ctx, pj, cluster, settings)
	case restart:
		return r.makePod(ctx, pj, cluster)
	case adopt:
		return r.adopt(ctx, pj, pod)
	case revive:
		return r.revive(ctx, pj, pod, cluster, s.why)
	case discard:
		return discardPod(ctx, pod, cluster)
	case halt:
		return deletePod(ctx, cluster, pod.Name, pod.UID)
	case cancel:
		return r.cancel(ctx, pj, pod, cluster)
	case finish:
		return r.finish(ctx, pj, pod, cluster, s)
	case wait:
		if s.again > 0 {
			return controller.NewRequeueAfter(s.again)
		}
	}
	return nil
}

// ours says whether plank is to run the ProwJob.
func ours(pj *prowv1.ProwJob) bool {
	return pj.Spec.Agent == prowv1.KubernetesAgent && pj.Status.State != prowv1.SchedulingState
}

// abortOutdated aborts all but the newest run of a presubmit on the same
// pulls, and reports whether pj is among them. GitHub is not told, since the
// newest run has taken over the status context.
func (r *Reconciler) abortOutdated(ctx context.Context, pj *prowv1.ProwJob) (bool, error) {
	if !replaceable(pj) {
		return false, nil
	}
	found, err := r.jobs.ByIndex(duplicatesIndex, duplicateKey(pj))
	if err != nil {
		return false, fmt.Errorf("finding duplicates of %s: %w", pj.Name, err)
	}
	runs := make([]*prowv1.ProwJob, 0, len(found))
	for _, obj := range found {
		if run, ok := obj.(*prowv1.ProwJob); ok {
			runs = append(runs, run)
		}
	}
	self := false
	for _, old := range outdated(runs) {
		if err := r.patch(ctx, old, change{"state": prowv1.AbortedState, "prev_report_states": change{githubReporter: prowv1.AbortedState}}); err != nil {
			return false, fmt.Errorf("aborting an outdated run: %w", err)
		}
		r.log.Infow("Aborted an outdated run.", "prowjob", old.Name, "job", old.Spec.Job)
		self = self || old.Name == pj.Name
	}
	return self, nil
}

// giveUp records an error that no retry can mend.
func (r *Reconciler) giveUp(ctx context.Context, pj *prowv1.ProwJob, why error) error {
	if pj.Complete() {
		return nil
	}
	if pj.Status.State == prowv1.AbortedState {
		return r.complete(ctx, pj, change{})
	}
	return r.complete(ctx, pj, change{"state": prowv1.ErrorState, "description": fmt.Sprintf("Terminal error: %v.", why)})
}

// revive counts the pod as stopped from outside, in a way that bears
// repeating, and deletes it. Its end, as an event, makes the next one.
func (r *Reconciler) revive(ctx context.Context, pj *prowv1.ProwJob, pod *corev1.Pod, cluster Cluster, why cause) error {
	err := r.patchWith(ctx, pj,
		change{"pod_revival_count": pj.Status.PodRevivalCount + 1},
		change{"annotations": change{ReplacedPodAnnotation: pod.UID}})
	if err != nil {
		return fmt.Errorf("counting a revival: %w", err)
	}
	r.log.Infow("The pod was stopped from outside; starting another.", "prowjob", pj.Name, "job", pj.Spec.Job, "cause", why)
	return discardPod(ctx, pod, cluster)
}

// cancel deletes the pod of an aborted run and completes it.
func (r *Reconciler) cancel(ctx context.Context, pj *prowv1.ProwJob, pod *corev1.Pod, cluster Cluster) error {
	if pod != nil {
		if err := deletePod(ctx, cluster, pod.Name, pod.UID); err != nil {
			return err
		}
	}
	return r.complete(ctx, pj, change{})
}

// finish records the result. Only then does the pod go, if it is to: without
// its pod, a run that is not complete would get another.
func (r *Reconciler) finish(ctx context.Context, pj *prowv1.ProwJob, pod *corev1.Pod, cluster Cluster, s step) error {
	if err := r.complete(ctx, pj, change{"state": s.state, "description": s.description}); err != nil {
		return err
	}
	if !s.deletePod {
		return nil
	}
	return deletePod(ctx, cluster, pod.Name, pod.UID)
}
