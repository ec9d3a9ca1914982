// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"fmt"
	"math/bits"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/cutwater-ci/cutwater/config/jobs"
)

// Minutes is a set of the minutes of a day, in UTC: by hour, a bit for each.
type Minutes [24]uint64

// Has reports whether the minute that t is in belongs to the set.
func (m *Minutes) Has(t time.Time) bool {
	t = t.UTC()
	return m[t.Hour()]>>t.Minute()&1 == 1
}

func (m *Minutes) add(t time.Time) {
	t = t.UTC()
	m[t.Hour()] |= 1 << t.Minute()
}

// Cron is the minutes of an hour as a cron line, such as "0,30-34 7 * * *";
// empty when there are none.
func (m *Minutes) Cron(hour int) string {
	set := m[hour]
	switch set {
	case 0:
		return ""
	case 1<<60 - 1:
		return fmt.Sprintf("* %d * * *", hour)
	}
	var parts []string
	for at := 0; set>>at != 0; {
		at += bits.TrailingZeros64(set >> at)
		n := bits.TrailingZeros64(^(set >> at))
		switch n {
		case 1:
			parts = append(parts, fmt.Sprint(at))
		case 2:
			parts = append(parts, fmt.Sprint(at), fmt.Sprint(at+1))
		default:
			parts = append(parts, fmt.Sprintf("%d-%d", at, at+n-1))
		}
		at += n
	}
	return fmt.Sprintf("%s %d * * *", strings.Join(parts, ","), hour)
}

// AddCron adds the minutes of a line that Cron made; of others, it adds what they have of that shape.
func (m *Minutes) AddCron(line string) {
	parsed, err := jobs.ParseCron(line)
	if err != nil {
		return
	}
	if spec, ok := parsed.(*cron.SpecSchedule); ok {
		for hour := range m {
			if spec.Hour>>hour&1 == 1 {
				m[hour] |= spec.Minute & (1<<60 - 1)
			}
		}
	}
}

const (
	// lead is how long a change of a timetable may take to reach who rings by it.
	lead = 10 * time.Second
	// patience is how long what a ring starts may take to be seen.
	patience = 30 * time.Second
	// slowest is the longest time between two looks at the timetable.
	slowest = time.Hour
)

// Wakes are the minutes of the coming 24 hours in which something is due, and
// when that is to be asked again at the latest. A time counts to the minute in
// which it is past. What should have been started already, and was not, is due
// in the next minute. Those minutes of the current timetable that are now or
// next stay in it: their ring may be under way.
func Wakes(all []Job, runs Runs, record Record, current Minutes, now time.Time) (wakes Minutes, again time.Time) {
	now = now.UTC()
	minute := now.Truncate(time.Minute)
	from := minute.Add(-time.Minute)
	to := from.Add(24 * time.Hour)
	for i := range all {
		j := &all[i]
		if j.cron != nil {
			addTimes(&wakes, j.cron.Next, from, to)
		}
		addNext(&wakes, j, runs, now, to)
	}
	for _, near := range []time.Time{from, minute, minute.Add(time.Minute)} {
		if current.Has(near) {
			wakes.add(near)
		}
	}
	late := Decide(all, runs, record, now)
	ringing := current.Has(minute) && now.Sub(minute) < patience
	if (late.Changed || len(late.Due) > 0) && !ringing && !current.Has(minute.Add(time.Minute)) {
		wakes.add(whole(now.Add(lead)))
	}
	return wakes, wakes.nextLook(now)
}

// addTimes adds times of a cron line, up to the minute before to.
func addTimes(wakes *Minutes, next func(time.Time) time.Time, from, to time.Time) {
	for t := next(from.Add(-time.Nanosecond)); !t.Before(from); t = next(t) { // a line without a next time has the zero one
		at := whole(t)
		if !at.Before(to) {
			return
		}
		wakes.add(at)
		if t.Before(at) {
			t = at.Add(-time.Nanosecond) // The other seconds of the minute are in it.
		}
	}
}

// addNext adds when a job is due that depends on its latest run, if that is to come.
func addNext(wakes *Minutes, j *Job, runs Runs, now, to time.Time) {
	run := runs.Latest(j.Name)
	add := func(at time.Time, ok bool) {
		if at = whole(at); ok && at.After(now) && at.Before(to) {
			wakes.add(at)
		}
	}
	add(j.next(run))
	at, _, ok := j.again(run)
	add(at, ok)
	if j.every > 0 && run != nil {
		base := began(run)
		addTimes(wakes, func(t time.Time) time.Time { return base.Add((t.Sub(base)/j.every + 1) * j.every) }, now, to)
	}
}

// nextLook is when the next ring should have had its effect.
func (m *Minutes) nextLook(now time.Time) time.Time {
	latest := now.Add(slowest)
	for at := now.Truncate(time.Minute); at.Before(latest); at = at.Add(time.Minute) {
		if look := at.Add(patience); m.Has(at) && look.After(now) {
			return look
		}
	}
	return latest
}

// whole is the first whole minute that is not before t.
func whole(t time.Time) time.Time {
	if m := t.Truncate(time.Minute); m.Equal(t) {
		return m
	}
	return t.Truncate(time.Minute).Add(time.Minute)
}
