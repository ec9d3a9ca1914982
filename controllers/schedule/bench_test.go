// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/cutwater-ci/cutwater/internal/goldens"
	"github.com/cutwater-ci/cutwater/triggers/schedule"
)

// BenchmarkTimetableGolden is to read when the periodics of Kubernetes' own
// configuration run, and then what stays of it in memory.
func BenchmarkTimetableGolden(b *testing.B) {
	dir := filepath.Join(goldens.Dir(b), "k8s-test-infra")
	var read *timetable
	for b.Loop() {
		r := newReader()
		var err error
		if read, err = r.load(b.Context(), []string{filepath.Join(dir, "config.yaml"), filepath.Join(dir, "jobs")}); err != nil || len(read.problems) > 0 {
			b.Fatal(err, read.problems)
		}
	}
	var with, without runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&with)
	b.ReportMetric(float64(len(read.jobs)), "periodics")
	runtime.KeepAlive(read)
	read = nil
	runtime.GC()
	runtime.ReadMemStats(&without)
	b.ReportMetric(float64(with.HeapAlloc-without.HeapAlloc)/(1<<20), "MiB-kept")
}

// BenchmarkWakesGolden is what one look at that timetable takes.
func BenchmarkWakesGolden(b *testing.B) {
	dir := filepath.Join(goldens.Dir(b), "k8s-test-infra")
	read, err := newReader().load(b.Context(), []string{filepath.Join(dir, "config.yaml"), filepath.Join(dir, "jobs")})
	if err != nil {
		b.Fatal(err)
	}
	now := time.Date(2026, time.March, 10, 12, 0, 10, 0, time.UTC)
	record := schedule.Decide(read.jobs, nil, schedule.Record{}, now).Record
	var wakes schedule.Minutes
	b.ReportAllocs()
	for b.Loop() {
		wakes, _ = schedule.Wakes(read.jobs, schedule.Runs{}, record, schedule.Minutes{}, now)
	}
	minutes := 0
	for at := now; at.Before(now.Add(24 * time.Hour)); at = at.Add(time.Minute) {
		if wakes.Has(at) {
			minutes++
		}
	}
	b.ReportMetric(float64(minutes), "minutes-a-day")
}
