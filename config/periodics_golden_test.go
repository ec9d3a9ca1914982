// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/internal/goldens"
)

// TestPeriodicsGolden compares when periodics run, the next five times of those with a cron line, with Prow's.
func TestPeriodicsGolden(t *testing.T) {
	type line struct {
		Job             string
		Cron            string
		Interval        string
		IntervalNS      time.Duration `json:"interval_ns"`
		MinimumInterval string        `json:"minimum_interval"`
		MinimumNS       time.Duration `json:"minimum_interval_ns"`
		Next            []time.Time   `json:"next_after_2026-01-01T00:00:00Z"`
		Retry           *jobs.Retry
	}
	for _, dir := range goldenConfigs(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			c, err := config.Load(context.Background(), goldenFiles(dir))
			if err != nil {
				t.Fatal(err)
			}
			periodics := c.Periodics()
			compared := 0
			goldens.Lines(t, filepath.Join(dir, "periodics.jsonl.gz"), func(want line) {
				if compared++; compared > len(periodics) {
					return
				}
				p := periodics[compared-1]
				got := line{
					Job: p.Name, Cron: p.Cron, Interval: p.Interval, IntervalNS: p.IntervalDuration(),
					MinimumInterval: p.MinimumInterval, MinimumNS: p.MinimumIntervalDuration(), Retry: p.Retry,
				}
				if p.Cron != "" {
					schedule, err := jobs.ParseCron(p.Cron)
					if err != nil {
						t.Fatal(err)
					}
					at := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
					for range 5 {
						at = schedule.Next(at)
						got.Next = append(got.Next, at)
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", want.Job, diff)
				}
			})
			if compared != len(periodics) {
				t.Errorf("there are %d periodics, want %d", len(periodics), compared)
			}
			t.Logf("%d periodics compared", compared)
		})
	}
}
