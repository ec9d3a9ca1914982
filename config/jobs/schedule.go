// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"errors"
	"strings"
	"time"
	_ "time/tzdata" // a cron line may name any zone, and images may lack their files

	"github.com/robfig/cron/v3"
)

// schedule checks when a periodic runs.
func (f *finisher) schedule(p *Periodic) {
	given := 0
	for _, s := range []string{p.Cron, p.Interval, p.MinimumInterval} {
		if s != "" {
			given++
		}
	}
	switch {
	case given == 0:
		f.fail(&p.JobBase, "periodic", "", "one of cron, interval and minimum_interval must be set")
	case given > 1:
		f.fail(&p.JobBase, "periodic", "", "cron, interval and minimum_interval exclude each other")
	}
	if p.Cron != "" {
		if _, err := ParseCron(p.Cron); err != nil {
			f.fail(&p.JobBase, "periodic", "cron", err.Error())
		}
	}
	f.duration(p, "interval", p.Interval)
	f.duration(p, "minimum_interval", p.MinimumInterval)
	if p.Retry != nil {
		f.duration(p, "retry.interval", p.Retry.Interval)
	}
}

func (f *finisher) duration(p *Periodic, field, text string) {
	if text == "" {
		return
	}
	if _, err := time.ParseDuration(text); err != nil {
		f.fail(&p.JobBase, "periodic", field, err.Error())
	}
}

// ParseCron reads a cron line: five fields, six with leading seconds, or a descriptor such as @daily or @every 1h.
// TZ= or CRON_TZ= in front names a zone.
func ParseCron(line string) (cron.Schedule, error) {
	if zone := strings.HasPrefix(line, "TZ=") || strings.HasPrefix(line, "CRON_TZ="); zone && !strings.Contains(line, " ") {
		return nil, errors.New("there is a time zone and nothing else") // over which the library would panic
	}
	return cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor).Parse(line)
}

// IntervalDuration is Interval, 0 when it is unset.
func (p Periodic) IntervalDuration() time.Duration { return parsed(p.Interval) }

// MinimumIntervalDuration is MinimumInterval, 0 when it is unset.
func (p Periodic) MinimumIntervalDuration() time.Duration { return parsed(p.MinimumInterval) }

func parsed(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0
	}
	return d
}
