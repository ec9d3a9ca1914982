// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	"knative.dev/pkg/reconciler"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/reload"
	"github.com/cutwater-ci/cutwater/triggers/schedule"
)

// Reconciler makes the PingSources what the timetable says.
type Reconciler struct {
	reconciler.LeaderAwareFuncs

	namespace        string
	periodics        *reload.Store[timetable]
	runs             cache.Indexer
	records, sources cache.SharedIndexInformer
	client           dynamic.ResourceInterface
	now              func() time.Time
	log              *zap.SugaredLogger
	// again has it looked at again after that time, or before.
	again func(after time.Duration)
}

// listed is how long the first lists may take before that is worth an error.
const listed = 10 * time.Second

var errNotListed = errors.New("PingSources, or the record of horologium, cannot be listed yet: is Knative Eventing installed?")

// Reconcile implements controller.Reconciler. There is one key.
func (r *Reconciler) Reconcile(ctx context.Context, _ string) error {
	listing, cancel := context.WithTimeout(ctx, listed)
	defer cancel()
	if !cache.WaitForCacheSync(listing.Done(), r.sources.HasSynced, r.records.HasSynced) {
		return errNotListed
	}
	present := r.present()
	var current schedule.Minutes
	for _, source := range present {
		current.AddCron(scheduleOf(source))
	}
	now := r.now()
	wakes, next := schedule.Wakes(r.periodics.Load().jobs, r.latestRuns(), r.record(), current, now)
	if err := r.apply(ctx, wakes, present); err != nil {
		return err
	}
	r.again(next.Sub(now))
	return nil
}

// present are the PingSources that there are, by name.
func (r *Reconciler) present() map[string]*unstructured.Unstructured {
	present := map[string]*unstructured.Unstructured{}
	for _, obj := range r.sources.GetStore().List() {
		if source, ok := obj.(*unstructured.Unstructured); ok {
			present[source.GetName()] = source
		}
	}
	return present
}

func (r *Reconciler) latestRuns() schedule.Runs {
	runs := schedule.Runs{}
	for _, obj := range r.runs.List() {
		if pj, ok := obj.(*prowv1.ProwJob); ok {
			runs.Add(pj)
		}
	}
	return runs
}

// record is what horologium worked off; none when it cannot be read, which has horologium mend it.
func (r *Reconciler) record() schedule.Record {
	for _, obj := range r.records.GetStore().List() {
		cm, ok := obj.(*corev1.ConfigMap)
		if !ok {
			continue
		}
		record, err := schedule.RecordIn(cm)
		if err != nil {
			r.log.Warnw("the record of horologium cannot be read", "configmap", cm.Name, "error", err)
		}
		return record
	}
	return schedule.Record{}
}

// apply creates, changes and deletes PingSources where they differ. One that
// fails keeps no other from it.
func (r *Reconciler) apply(ctx context.Context, wakes schedule.Minutes, present map[string]*unstructured.Unstructured) error {
	var errs []error
	for hour := range wakes {
		line := wakes.Cron(hour)
		if line == "" {
			continue
		}
		name := fmt.Sprintf("horologium-%02d", hour)
		source := present[name]
		delete(present, name)
		switch {
		case source == nil:
			errs = append(errs, r.create(ctx, name, line))
		case !r.right(source, line):
			errs = append(errs, r.change(ctx, name, line))
		}
	}
	for name := range present {
		errs = append(errs, r.remove(ctx, name))
	}
	return errors.Join(errs...)
}
