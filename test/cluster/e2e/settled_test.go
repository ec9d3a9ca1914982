// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/inbox"
)

// settled waits until everything has arrived and is done, and nothing runs any
// more. It has hook sweep until then.
func (c *crowd) settled(t *testing.T) {
	t.Helper()
	begun, why, asked := time.Now(), "", time.Time{}
	await(t, "everything to be done", func() string {
		if time.Since(asked) > 5*time.Second {
			why, asked = c.unsettled(t), time.Now()
		}
		return why
	})
	c.figures.note(t, c.name+": all is done after the last comment", seconds(time.Since(begun)), "")
}

// unsettled says what is not done. A delivery may start a run, and a run's end
// makes a delivery.
func (c *crowd) unsettled(t *testing.T) string {
	t.Helper()
	if err := c.sweep(t.Context()); err != nil {
		return err.Error()
	}
	for _, why := range []func(*testing.T) string{c.undelivered, c.unfinished, c.undelivered} {
		if said := why(t); said != "" {
			return said
		}
	}
	return ""
}

// undelivered says which delivery has not arrived, or is not done.
func (c *crowd) undelivered(t *testing.T) string {
	t.Helper()
	deliveries := c.deliveries(t)
	for _, d := range deliveries {
		if len(d.Attempts) == 0 {
			return fmt.Sprintf("GitHub has not sent %s %s yet", d.Event, d.GUID)
		}
	}
	there := map[string]bool{}
	for guid, err := range c.box.All(t.Context()) {
		if err != nil {
			return err.Error()
		}
		there[guid] = true
	}
	pending := map[string]inbox.Pending{}
	for p, err := range c.box.Pending(t.Context()) {
		if err != nil {
			return err.Error()
		}
		pending[p.GUID] = p
	}
	for _, d := range deliveries {
		p, waits := pending[d.GUID]
		switch {
		case !there[d.GUID]:
			return fmt.Sprintf("%s %s has not arrived: %+v", d.Event, d.GUID, d.Attempts)
		case waits:
			return fmt.Sprintf("%s %s is one of %d that are pending, since %s and sent again %d times", d.Event, d.GUID, len(pending), p.Since, p.Attempts)
		}
	}
	for dead, err := range c.box.Dead(t.Context()) {
		if err != nil {
			return err.Error()
		}
		t.Fatalf("delivery %s was given up: %s", dead.GUID, dead.Reason)
	}
	return ""
}

// unfinished says which run has not come to its end, or which pod.
func (c *crowd) unfinished(t *testing.T) string {
	t.Helper()
	for _, run := range c.runs(t, func(*prowv1.ProwJob) bool { return true }) {
		reported := run.Status.PrevReportStates["github-reporter"]
		switch {
		case !run.Complete():
			return fmt.Sprintf("run %s of %s is %s: %s", run.Name, run.Spec.Job, run.Status.State, run.Status.Description)
		case run.Spec.Report && run.Spec.Refs != nil && reported != run.Status.State:
			return fmt.Sprintf("run %s of %s is %s, and was reported as %q", run.Name, run.Spec.Job, run.Status.State, reported)
		}
	}
	return list(c.pods.present(jobs, func(pod life) bool {
		return pod.pod.Status.Phase != corev1.PodSucceeded && pod.pod.Status.Phase != corev1.PodFailed
	}))
}
