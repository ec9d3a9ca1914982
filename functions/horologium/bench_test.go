// SPDX-License-Identifier: Apache-2.0

package horologium

import (
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/internal/goldens"
	"github.com/cutwater-ci/cutwater/local/controlplane"
)

// BenchmarkTickGolden is one look at the periodics of Kubernetes' own
// configuration, each of which has a run, with nothing to do. What starting all
// those at once took is a metric.
func BenchmarkTickGolden(b *testing.B) {
	dir := filepath.Join(goldens.Dir(b), "k8s-test-infra")
	w := newWorld(b, controlplane.TestPlane(b).Config, "")
	files := config.Files{Config: filepath.Join(dir, "config.yaml"), Jobs: filepath.Join(dir, "jobs")}
	c, err := config.Load(b.Context(), files)
	if err != nil {
		b.Fatal(err)
	}
	c.ProwJobNamespace = w.namespace
	ctx := logging.WithLogger(b.Context(), zap.NewNop().Sugar())
	tick := func(now time.Time) {
		if err := w.tick(ctx, c, now); err != nil {
			b.Fatal(err)
		}
	}
	began := time.Now()
	tick(w.clock)                          // what has an interval starts, and cron lines are known
	tick(w.clock.Add(40 * 24 * time.Hour)) // those are all due
	took := time.Since(began)
	list, err := w.prow.ProwV1().ProwJobs(w.namespace).List(b.Context(), metav1.ListOptions{})
	if err != nil {
		b.Fatal(err)
	}
	now := w.clock.Add(40*24*time.Hour + time.Second)
	b.ReportAllocs()
	for b.Loop() {
		tick(now)
	}
	b.ReportMetric(float64(len(c.Periodics())), "periodics")
	b.ReportMetric(float64(len(list.Items)), "runs")
	b.ReportMetric(float64(len(list.Items))/took.Seconds(), "starts/s")
}
