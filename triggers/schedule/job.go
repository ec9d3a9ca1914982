// SPDX-License-Identifier: Apache-2.0

// Package schedule decides which periodics are due, and at which minutes
// somebody has to look. It is pure: no client, no clock, no randomness.
//
// functions/horologium starts what is due; controllers/schedule has it looked
// at in time. Both see the same: the periodics, the latest run of each, and the
// record of what was worked off. Nothing depends on who looks how often: what
// became due since the record is due until the record says that it was worked
// off, and a run's name follows from its job and its time, so that a look that
// is missed is made up by the next, and two at once start nothing twice.
//
// When a periodic is due:
//
//   - interval: that time after the start of the latest run, counted from the
//     minute of the start, once that run has ended; at once if there was none.
//   - minimum_interval: that time after the end of the latest run.
//   - cron: at its times, in UTC unless the line begins with TZ= or CRON_TZ=,
//     from when the line was first seen. However many times were missed, one run
//     makes up for them, that of the last. A time at which the latest run still
//     goes on is passed over.
//   - @every: that often, counted from when the latest run was due, as cron.
//   - retry: that time after the start of a run that did not succeed.
//
// Config: the periodics of the job files. In Prow: horologium.
package schedule

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/cutwater-ci/cutwater/config/jobs"
)

// Job is what of a periodic says when it runs. One of cron, every, interval and minimum is set.
type Job struct {
	// Name is the job's.
	Name string

	cron     cron.Schedule
	every    time.Duration
	interval *time.Duration
	minimum  *time.Duration
	retry    *retry
	mark     mark
}

// retry is as that of the periodic.
type retry struct {
	all      bool
	attempts int
	interval time.Duration
}

// maxAttempts is how often a run is retried, whatever the configuration says.
const maxAttempts = 10

// New takes from the periodic what says when it runs.
func New(p jobs.Periodic) (Job, error) {
	j := Job{Name: p.Name}
	var err error
	switch {
	case p.Cron != "":
		err = j.setCron(p.Cron)
	case p.Interval != "":
		j.interval, err = duration(p.Interval)
	default:
		j.minimum, err = duration(p.MinimumInterval)
	}
	if err != nil {
		return Job{}, fmt.Errorf("periodic %s: %w", p.Name, err)
	}
	if p.Retry != nil {
		j.retry = &retry{all: p.Retry.RunAll, attempts: min(p.Retry.Attempts, maxAttempts)}
		if p.Retry.Interval != "" {
			if j.retry.interval, err = time.ParseDuration(p.Retry.Interval); err != nil {
				return Job{}, fmt.Errorf("periodic %s: retry: %w", p.Name, err)
			}
		}
	}
	return j, nil
}

func (j *Job) setCron(line string) error {
	parsed, err := jobs.ParseCron(line)
	if err != nil {
		return err
	}
	if every, ok := parsed.(cron.ConstantDelaySchedule); ok {
		j.every = every.Delay
		return nil
	}
	j.cron, j.mark = parsed, newMark(j.Name, line)
	return nil
}

func duration(text string) (*time.Duration, error) {
	d, err := time.ParseDuration(text)
	return &d, err
}

// mark stands for a job with its cron line; 0 is none.
type mark uint64

func newMark(name, line string) mark {
	sum := sha256.Sum256([]byte(name + "\x00" + line))
	return max(1, mark(binary.BigEndian.Uint64(sum[:])))
}
