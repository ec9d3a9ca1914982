// SPDX-License-Identifier: Apache-2.0

package horologium

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/triggers/schedule"
)

// kept is the record with the ConfigMap that it is in, nil when there is none.
type kept struct {
	schedule.Record

	in *corev1.ConfigMap
}

// readRecord reads the record. One that nobody can read counts as none: then
// cron lines count from now, and that is logged.
func (h *horologium) readRecord(ctx context.Context, namespace string) (kept, error) {
	cm, err := h.kube.CoreV1().ConfigMaps(namespace).Get(ctx, schedule.RecordName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return kept{}, nil
	}
	if err != nil {
		return kept{}, fmt.Errorf("reading what was worked off: %w", err)
	}
	record, err := schedule.RecordIn(cm)
	if err != nil {
		logging.FromContext(ctx).Errorw("what was worked off is forgotten", "configmap", schedule.RecordName, "error", err)
	}
	return kept{Record: record, in: cm}, nil
}

// writeRecord writes the record over the one that was read. When another look has
// written meanwhile, that stands: it saw what this one started, and what it did
// not see the next look finds to be done.
func (h *horologium) writeRecord(ctx context.Context, namespace string, read kept, record schedule.Record) error {
	client := h.kube.CoreV1().ConfigMaps(namespace)
	var err error
	if read.in == nil {
		cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: schedule.RecordName, Namespace: namespace}}
		record.PutIn(cm)
		_, err = client.Create(ctx, cm, metav1.CreateOptions{})
	} else {
		record.PutIn(read.in)
		_, err = client.Update(ctx, read.in, metav1.UpdateOptions{})
	}
	if apierrors.IsAlreadyExists(err) || apierrors.IsConflict(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("writing what was worked off: %w", err)
	}
	return nil
}
