// SPDX-License-Identifier: Apache-2.0

package schedule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/robfig/cron/v3"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/triggers/schedule"
)

// timetable is the cron lines of a set.
func timetable(m schedule.Minutes) string {
	var lines []string
	for hour := range 24 {
		if line := m.Cron(hour); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

func TestWakes(t *testing.T) {
	const ok, failed, pending = prowv1.SuccessState, prowv1.FailureState, prowv1.PendingState
	noon := "12:00:10"
	for _, tc := range []struct {
		name  string
		job   jobs.Periodic
		run   *prowv1.ProwJob
		now   string
		want  string
		again string // the next look
	}{
		{"nothing to come", cronJob("0 0 30 2 *"), nil, noon, "", "13:00:10"},
		{"each minute", cronJob("* * * * *"), nil, noon, "every minute", "12:00:30"},
		{"some minutes", cronJob("0,10,11,20-25,59 7 * * *"), nil, noon, "0,10,11,20-25,59 7 * * *", "13:00:10"},
		{"seconds count to the next minute", cronJob("30 15,59 7 * * *"), nil, noon, "16 7 * * *; 0 8 * * *", "13:00:10"},
		{"soon", cronJob("30 12 * * *"), nil, noon, "30 12 * * *", "12:30:30"},
		{"now", cronJob("0 12 * * *"), nil, noon, "0 12 * * *", "12:00:30"},
		{"just now, not worked off, in time for the next minute", cronJob("0 12 * * *"), nil, "12:00:40", "0,1 12 * * *", "12:01:30"},
		{"just now, not worked off, too late for the next minute", cronJob("0 12 * * *"), nil, "12:00:55", "0,2 12 * * *", "12:02:30"},
		{"lost two hours ago", cronJob("0 10 * * *"), nil, noon, "0 10 * * *; 1 12 * * *", "12:01:30"},
		{"another day of the week", cronJob("0 8 * * MON"), nil, noon, "", "13:00:10"},
		{"tomorrow", cronJob("0 8 * * WED"), nil, noon, "0 8 * * *", "13:00:10"},
		{"in a zone", cronJob("TZ=Asia/Kolkata 0 8 * * *"), nil, noon, "30 2 * * *", "13:00:10"},
		{"interval, never run", jobs.Periodic{Interval: "1h"}, nil, noon, "1 12 * * *", "12:01:30"},
		{"interval, goes on", jobs.Periodic{Interval: "1h"}, run("", "11:30:10", "", pending), noon, "", "13:00:10"},
		{"interval, to come", jobs.Periodic{Interval: "1h"}, run("", "11:30:10", "11:40:00", ok), noon, "30 12 * * *", "12:30:30"},
		{"minimum interval, to come", jobs.Periodic{MinimumInterval: "1h"}, run("", "11:30:10", "11:40:01", ok), noon, "41 12 * * *", "12:41:30"},
		{"retry, to come", jobs.Periodic{Interval: "9h", Retry: &jobs.Retry{Attempts: 1, Interval: "1h"}}, run("", "11:30:10", "11:40:01", failed), noon, "31 12 * * *; 30 20 * * *", "12:31:30"},
		{"every, to come", cronJob("@every 8h"), run("11:30:00", "11:30:10", "11:40:01", ok), noon, "30 3 * * *; 30 11 * * *; 30 19 * * *", "13:00:10"},
		{"every, started at nobody knows when", cronJob("@every 8h"), made(run("", "00:00:00", "11:40:01", ok), "11:30:10"), noon, "31 3 * * *; 31 11 * * *; 31 19 * * *", "13:00:10"},
		{"every, due before there were clocks", cronJob("@every 1m"), due(run("", "11:30:10", "", pending), "0001-01-01T00:00:00Z"), noon, "1 12 * * *", "12:01:30"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			all := []schedule.Job{job(t, tc.job)}
			runs := schedule.Runs{}
			if tc.run != nil {
				runs.Add(tc.run)
			}
			record := known(all, nil, at("09:00:00"))
			current, _ := schedule.Wakes(all, nil, known(all, nil, at("11:59:00")), schedule.Minutes{}, at("11:59:00"))
			if tc.job.Cron == "" || strings.HasPrefix(tc.job.Cron, "@every") {
				current = schedule.Minutes{}
			}
			wakes, again := schedule.Wakes(all, runs, record, current, at(tc.now))
			got := timetable(wakes)
			if strings.Count(got, "* ") >= 24 && wakes == everyMinute() {
				got = "every minute"
			}
			if got != tc.want {
				t.Errorf("the timetable is %q, want %q", got, tc.want)
			}
			if got := again.Format(time.TimeOnly); got != tc.again {
				t.Errorf("the next look is at %s, want %s", got, tc.again)
			}
		})
	}
}

// due says when a run was due, which somebody made up.
func due(pj *prowv1.ProwJob, when string) *prowv1.ProwJob {
	pj.Annotations = map[string]string{schedule.ScheduledAnnotation: when}
	return pj
}

func everyMinute() (m schedule.Minutes) {
	for hour := range m {
		m[hour] = 1<<60 - 1
	}
	return m
}

// Every cron line that is made means the minutes that it was made of.
func TestCron(t *testing.T) {
	for _, set := range []uint64{1, 1 << 59, 0b1011, 0b11111, 1<<60 - 1, 1<<60 - 2, 0x555555555555555, 0x7_0000_0fff_00f3} {
		var m schedule.Minutes
		m[7] = set
		line := m.Cron(7)
		parsed, err := cron.ParseStandard(line)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		var got, read schedule.Minutes
		end := at("23:59:59")
		for at := parsed.Next(at("00:00:00")); at.Before(end); at = parsed.Next(at) {
			got[at.Hour()] |= 1 << at.Minute()
		}
		if read.AddCron(line); read != m {
			t.Errorf("%q is read as %b, want %b", line, read, m)
		}
		if diff := cmp.Diff(fmt.Sprintf("%b", m), fmt.Sprintf("%b", got)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
	}
}

// What people write into a PingSource is no reason to stop.
func TestAddCronOfOthers(t *testing.T) {
	for _, line := range []string{"", "TZ=UTC", "CRON_TZ=", "every night", "@every 1h"} {
		var m schedule.Minutes
		if m.AddCron(line); m != (schedule.Minutes{}) {
			t.Errorf("%q has the minutes %v, want none", line, m)
		}
	}
}
