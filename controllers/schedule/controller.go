// SPDX-License-Identifier: Apache-2.0

// Package schedule keeps the PingSources that wake horologium, so that it is
// awake when a periodic is due and not between.
//
// Starts on: changes of the job files, of periodics' runs, of the record of what
// horologium worked off, and of the PingSources; also half a minute after each
// ring, and hourly. Changes: the PingSources labelled
// cutwater-ci.github.io/timetable=periodics beside horologium. Config: when the
// periodics run. In Prow: nothing; its horologium is always awake.
//
// There is one PingSource for each hour of the day that has something to do,
// horologium-00 to horologium-23, with the minutes of the coming 24 hours in which
// something becomes due: cron lines, intervals and retries alike. `kubectl get
// pingsources` is the timetable of the day, in UTC. Other shapes were weighed:
//
//   - One for each cron line. Large installations have thousands of lines, hence
//     as many objects and, where lines meet, tens of events in one minute; lines
//     with @every and intervals need something else anyhow, and a ring that is
//     lost is made up an hour later.
//   - One that is moved from one due minute to the next. It is written for each
//     ring, at the very time at which others read it, and if one move is lost
//     then all is.
//
// By the hour, cron lines change nothing from day to day, a run that ends changes
// one object, and all of a day rings without anybody's doing. A ring that was
// lost, or that horologium could not act on, is seen half a minute later, since
// the record does not say that it was worked off, and the next minute is added.
package schedule

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/logging"
	"knative.dev/pkg/reconciler"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/reload"
	prowjobinformer "github.com/cutwater-ci/cutwater/internal/client/injection/informers/prowjobs/v1/prowjob"
	"github.com/cutwater-ci/cutwater/triggers/schedule"
)

// Options are what the controller works with.
type Options struct {
	// ConfigPath and JobConfigPath have the periodics.
	ConfigPath, JobConfigPath string
	// JobNamespace has the ProwJobs and the record.
	JobNamespace string
	// Namespace has horologium, and gets the PingSources.
	Namespace string
	// Kube and Dynamic are clients of the cluster.
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
	// Now is the clock; nil is the real one.
	Now func() time.Time
	// Settle is how long other changes are waited for after one; zero means 2 s.
	Settle time.Duration
}

// After an error all is tried again after ever longer times.
const (
	firstRetry   = 100 * time.Millisecond
	slowestRetry = time.Minute
)

// NewController returns the controller, with the informer of ProwJobs that
// knative.dev/pkg/injection put in ctx. Its own caches fill until ctx ends.
func NewController(ctx context.Context, o Options) (*controller.Impl, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Settle = cmp.Or(o.Settle, 2*time.Second)
	runs := prowjobinformer.Get(ctx).Informer()
	r := &Reconciler{
		namespace: o.Namespace, now: o.Now, runs: runs.GetIndexer(),
		log:    logging.FromContext(ctx).Named("schedule"),
		client: o.Dynamic.Resource(pingSources()).Namespace(o.Namespace),
	}
	impl := controller.NewContext(ctx, r, controller.ControllerOptions{
		WorkQueueName: "schedule",
		// The work queue logs each reconcile at level info; that is left out.
		Logger:      r.log.Desugar().WithOptions(zap.IncreaseLevel(zap.WarnLevel)).Sugar(),
		Concurrency: 1,
		RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[any](firstRetry, slowestRetry),
	})
	key := types.NamespacedName{Name: "timetable"} // There is no other.
	changed := func() { impl.EnqueueKeyAfter(key, o.Settle) }
	r.again = func(after time.Duration) { impl.EnqueueKeyAfter(key, after) }
	r.PromoteFunc = func(reconciler.Bucket, func(reconciler.Bucket, types.NamespacedName)) error {
		impl.EnqueueKey(key)
		return nil
	}

	var err error
	r.periodics, err = reload.New(ctx, reload.Source[timetable]{
		Name: "timetable", Paths: []string{o.ConfigPath, o.JobConfigPath}, Load: newReader().load,
		Warnings: func(t *timetable) []document.Problem { return t.problems },
		Options:  reload.Options{OnReload: func(error) { changed() }},
	})
	if err != nil {
		return nil, fmt.Errorf("reading when periodics run: %w", err)
	}
	if err := watchRuns(runs, changed); err != nil {
		return nil, err
	}
	if err := r.watchOwn(ctx, o, changed); err != nil {
		return nil, err
	}
	return impl, nil
}

// watchRuns tells of runs of periodics that come, end and go.
func watchRuns(runs cache.SharedIndexInformer, changed func()) error {
	periodic := func(obj any) bool {
		pj, ok := obj.(*prowv1.ProwJob)
		return ok && pj.Spec.Type == prowv1.PeriodicJob
	}
	_, err := runs.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(obj any) {
			if periodic(obj) {
				changed()
			}
		},
		UpdateFunc: func(before, after any) {
			if periodic(after) && before.(*prowv1.ProwJob).Complete() != after.(*prowv1.ProwJob).Complete() {
				changed()
			}
		},
		DeleteFunc: func(any) { changed() },
	})
	if err != nil {
		return fmt.Errorf("watching ProwJobs: %w", err)
	}
	return nil
}

// watchOwn fills the caches of the record and of the PingSources, and tells when they change.
func (r *Reconciler) watchOwn(ctx context.Context, o Options, changed func()) error {
	records := informers.NewSharedInformerFactoryWithOptions(o.Kube, 0, informers.WithNamespace(o.JobNamespace),
		informers.WithTweakListOptions(func(l *metav1.ListOptions) { l.FieldSelector = "metadata.name=" + schedule.RecordName }),
		informers.WithTransform(slimRecord)).Core().V1().ConfigMaps().Informer()
	sources := dynamicinformer.NewFilteredDynamicInformer(o.Dynamic, pingSources(), o.Namespace, 0, cache.Indexers{},
		func(l *metav1.ListOptions) { l.LabelSelector = label + "=" + labelValue }).Informer()
	if err := sources.SetTransform(slimSource); err != nil {
		return fmt.Errorf("watching PingSources: %w", err)
	}
	r.records, r.sources = records, sources
	for _, informer := range []cache.SharedIndexInformer{records, sources} {
		if _, err := informer.AddEventHandler(controller.HandleAll(func(any) { changed() })); err != nil {
			return fmt.Errorf("watching: %w", err)
		}
		go informer.Run(ctx.Done())
	}
	return nil
}

// slimRecord leaves out what says who wrote it.
func slimRecord(obj any) (any, error) {
	if cm, ok := obj.(*corev1.ConfigMap); ok {
		cm.ManagedFields = nil
	}
	return obj, nil
}

// slimSource leaves out what Knative says about a PingSource.
func slimSource(obj any) (any, error) {
	if source, ok := obj.(*unstructured.Unstructured); ok {
		source.SetManagedFields(nil)
		delete(source.Object, "status")
	}
	return obj, nil
}
