// SPDX-License-Identifier: Apache-2.0

package schedule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/triggers/schedule"
)

func job(t testing.TB, p jobs.Periodic) schedule.Job {
	t.Helper()
	p.Name = "job"
	j, err := schedule.New(p)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func cronJob(line string) jobs.Periodic { return jobs.Periodic{Cron: line} }

// at is a time of 10 March 2026, a Tuesday.
func at(clock string) time.Time {
	t, err := time.Parse(time.DateTime, "2026-03-10 "+clock)
	if err != nil {
		panic(err)
	}
	return t
}

// run makes the latest run: when it was due (or ""), started and ended (or "").
func run(due, start, end string, state prowv1.ProwJobState) *prowv1.ProwJob {
	pj := &prowv1.ProwJob{
		Spec:   prowv1.ProwJobSpec{Type: prowv1.PeriodicJob, Job: "job"},
		Status: prowv1.ProwJobStatus{StartTime: metav1.NewTime(at(start)), State: state},
	}
	if due != "" {
		pj.Annotations = map[string]string{schedule.ScheduledAnnotation: at(due).Format(time.RFC3339Nano)}
	}
	if end != "" {
		pj.SetComplete(at(end))
	}
	return pj
}

func attempt(pj *prowv1.ProwJob, n int) *prowv1.ProwJob {
	pj.Labels = map[string]string{prowv1.ReRunLabel: fmt.Sprint(n)}
	return pj
}

// made is a run without a start time, as people make them by hand.
func made(pj *prowv1.ProwJob, when string) *prowv1.ProwJob {
	pj.CreationTimestamp, pj.Status.StartTime = metav1.NewTime(at(when)), metav1.Time{}
	return pj
}

// known is the record of who looked at the jobs at the time.
func known(jobs []schedule.Job, runs schedule.Runs, when time.Time) schedule.Record {
	return schedule.Decide(jobs, runs, schedule.Record{}, when).Record
}

func TestDecide(t *testing.T) {
	const ok, failed, pending = prowv1.SuccessState, prowv1.FailureState, prowv1.PendingState
	retry := func(all bool, n int) *jobs.Retry { return &jobs.Retry{RunAll: all, Attempts: n, Interval: "5m"} }
	for _, tc := range []struct {
		name   string
		job    jobs.Periodic
		run    *prowv1.ProwJob
		worked string // when somebody looked last; nobody did if empty
		now    string
		want   string // what is due; nothing if empty
	}{
		{"interval, never run", jobs.Periodic{Interval: "1h"}, nil, "", "10:00:00", "10:00:00"},
		{"interval, too early", jobs.Periodic{Interval: "1h"}, run("", "10:00:00", "10:01:00", ok), "", "10:59:59", ""},
		{"interval, due", jobs.Periodic{Interval: "1h"}, run("", "10:00:00", "10:01:00", ok), "", "11:00:00", "11:00:00"},
		{"interval, the start was late by seconds", jobs.Periodic{Interval: "1h"}, run("", "10:00:42", "10:01:00", ok), "", "11:00:00", "11:00:00"},
		{"interval, the run goes on", jobs.Periodic{Interval: "1h"}, run("", "10:00:00", "", pending), "", "12:00:00", ""},
		{"interval, the run was long", jobs.Periodic{Interval: "1h"}, run("", "10:00:00", "11:30:00", ok), "", "11:31:00", "11:00:00"},
		{"interval, under a minute", jobs.Periodic{Interval: "30s"}, run("10:00:30", "10:00:40", "10:00:50", ok), "", "10:01:00", "10:00:41"},
		{"interval, started at nobody knows when", jobs.Periodic{Interval: "1h"}, made(run("", "00:00:00", "10:01:00", ok), "10:00:30"), "", "11:00:00", "11:00:00"},
		{"minimum interval, never run", jobs.Periodic{MinimumInterval: "1h"}, nil, "", "10:00:00", "10:00:00"},
		{"minimum interval, too early", jobs.Periodic{MinimumInterval: "1h"}, run("", "09:00:00", "10:00:30", ok), "", "11:00:29", ""},
		{"minimum interval, due", jobs.Periodic{MinimumInterval: "1h"}, run("", "09:00:00", "10:00:30", ok), "", "11:00:30", "11:00:30"},
		{"minimum interval of nothing", jobs.Periodic{MinimumInterval: "0s"}, run("10:00:30", "10:00:30", "10:00:30", failed), "", "10:01:00", "10:00:31"},
		{"cron, not seen before", cronJob("*/30 * * * *"), nil, "", "10:31:00", ""},
		{"cron, not seen before, in its minute", cronJob("*/30 * * * *"), nil, "", "10:30:04", "10:30:00"},
		{"cron, too early", cronJob("30 * * * *"), nil, "10:00:00", "10:29:59", ""},
		{"cron, due", cronJob("30 * * * *"), nil, "10:00:00", "10:30:01", "10:30:00"},
		{"cron, one for many that were missed", cronJob("* * * * *"), nil, "10:00:00", "10:30:01", "10:30:00"},
		{"cron, late", cronJob("30 * * * *"), run("09:30:00", "09:30:01", "09:40:00", ok), "10:00:00", "10:50:00", "10:30:00"},
		{"cron, run already", cronJob("30 * * * *"), run("10:30:00", "10:30:01", "10:31:00", ok), "10:00:00", "10:50:00", ""},
		{"cron, somebody ran it by hand", cronJob("30 * * * *"), run("", "10:40:00", "10:41:00", ok), "10:00:00", "10:50:00", "10:30:00"},
		{"cron, a retry of the run before", cronJob("30 * * * *"), attempt(run("10:35:00", "10:35:00", "10:36:00", ok), 1), "10:00:00", "10:50:00", "10:30:00"},
		{"cron, the run goes on", cronJob("30 * * * *"), run("09:30:00", "09:30:01", "", pending), "10:00:00", "10:50:00", ""},
		{"cron, with seconds", cronJob("15 30 * * * *"), nil, "10:00:00", "10:31:00", "10:30:15"},
		{"cron, descriptor", cronJob("@hourly"), nil, "09:30:00", "10:00:01", "10:00:00"},
		{"cron, in a zone", cronJob("CRON_TZ=Asia/Kolkata 0 16 * * *"), nil, "10:00:00", "10:30:01", "10:30:00"},
		{"cron, in a zone, Prow's prefix", cronJob("TZ=UTC 0 16 * * *"), nil, "10:00:00", "16:00:00", "16:00:00"},
		{"cron, never", cronJob("0 0 30 2 *"), nil, "10:00:00", "16:00:00", ""},
		{"every, never run", cronJob("@every 1h"), nil, "", "10:00:00", "10:00:00"},
		{"every, due", cronJob("@every 1h"), run("10:00:00", "10:00:20", "10:20:00", ok), "10:00:20", "11:00:00", "11:00:00"},
		{"every, one for many", cronJob("@every 1h"), run("10:00:00", "10:00:20", "10:20:00", ok), "10:00:20", "13:30:00", "13:00:00"},
		{"every, passed over while the run went on", cronJob("@every 1h"), run("10:00:00", "10:00:20", "11:20:00", ok), "11:00:20", "11:30:00", ""},
		{"every, started at nobody knows when", cronJob("@every 1h"), made(run("", "00:00:00", "10:01:00", ok), "10:00:30"), "", "11:00:30", "11:00:30"},
		{"retry, too early", jobs.Periodic{Interval: "1h", Retry: retry(false, 3)}, run("", "10:00:00", "10:01:00", failed), "", "10:04:59", ""},
		{"retry, due", jobs.Periodic{Interval: "1h", Retry: retry(false, 3)}, run("", "10:00:00", "10:01:00", failed), "", "10:05:00", "10:05:00 attempt 1"},
		{"retry, the next", jobs.Periodic{Interval: "1h", Retry: retry(false, 3)}, attempt(run("", "10:05:00", "10:06:00", failed), 1), "", "10:10:00", "10:10:00 attempt 2"},
		{"retry, no more", jobs.Periodic{Interval: "1h", Retry: retry(false, 3)}, attempt(run("", "10:05:00", "10:06:00", failed), 3), "", "10:30:00", ""},
		{"retry, ten at most", jobs.Periodic{Interval: "9h", Retry: retry(false, 99)}, attempt(run("", "10:05:00", "10:06:00", failed), 10), "", "10:30:00", ""},
		{"retry, it succeeded", jobs.Periodic{Interval: "1h", Retry: retry(false, 3)}, run("", "10:00:00", "10:01:00", ok), "", "10:30:00", ""},
		{"retry, it goes on", jobs.Periodic{Interval: "1h", Retry: retry(false, 3)}, run("", "10:00:00", "", pending), "", "10:30:00", ""},
		{"retry, all, it succeeded", jobs.Periodic{Interval: "1h", Retry: retry(true, 3)}, run("", "10:00:00", "10:01:00", ok), "", "10:05:00", "10:05:00 attempt 1"},
		{"retry, all, it goes on", jobs.Periodic{Interval: "1h", Retry: retry(true, 3)}, run("", "10:00:00", "", pending), "", "10:05:00", "10:05:00 attempt 1"},
		{"retry, the timetable comes first", jobs.Periodic{Cron: "0 * * * *", Retry: retry(false, 3)}, run("10:00:00", "10:00:00", "10:59:00", failed), "10:00:00", "11:00:00", "11:00:00"},
		{"retry of cron", jobs.Periodic{Cron: "0 * * * *", Retry: retry(false, 3)}, run("10:00:00", "10:00:00", "10:09:00", failed), "10:00:00", "10:10:00", "10:05:00 attempt 1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			all := []schedule.Job{job(t, tc.job)}
			runs := schedule.Runs{}
			if tc.run != nil {
				runs.Add(tc.run)
			}
			var record schedule.Record
			if tc.worked != "" {
				record = known(append(all, job(t, cronJob("@yearly"))), nil, at(tc.worked))
			}
			var got strings.Builder
			for _, d := range schedule.Decide(all, runs, record, at(tc.now)).Due {
				got.WriteString(d.At.Format(time.TimeOnly))
				if d.Attempt > 0 {
					fmt.Fprint(&got, " attempt ", d.Attempt)
				}
			}
			if got.String() != tc.want {
				t.Errorf("due is %q, want %q", got.String(), tc.want)
			}
		})
	}
}

// What was worked off is not due again, also when nothing could be started.
func TestRecord(t *testing.T) {
	all := []schedule.Job{job(t, cronJob("30 * * * *"))}
	goesOn := schedule.Runs{}
	goesOn.Add(run("09:30:00", "09:30:00", "", prowv1.PendingState))
	ended := schedule.Runs{}
	ended.Add(run("09:30:00", "09:30:00", "10:31:00", prowv1.SuccessState))

	record := known(all, nil, at("10:00:00"))
	if d := schedule.Decide(all, goesOn, record, at("10:10:00")); d.Changed || len(d.Due) > 0 {
		t.Errorf("nothing happened, and got %+v", d)
	}
	passed := schedule.Decide(all, goesOn, record, at("10:30:05"))
	if !passed.Changed || !passed.Record.Worked.Equal(at("10:30:05")) || len(passed.Due) > 0 {
		t.Errorf("passed over: got %+v", passed)
	}
	if d := schedule.Decide(all, ended, passed.Record, at("10:32:00")); len(d.Due) > 0 {
		t.Errorf("after it was passed over: %v is due", d.Due)
	}
	if d := schedule.Decide(all, ended, record, at("10:32:00")); len(d.Due) != 1 {
		t.Errorf("nobody looked while the run went on: got %v, want one run", d.Due)
	}
	// A look with an older clock does not set the record back.
	if d := schedule.Decide(nil, nil, passed.Record, at("10:20:00")); d.Changed {
		t.Errorf("an old look made the record %v", d.Record)
	}

	cm := &corev1.ConfigMap{}
	passed.Record.PutIn(cm)
	written, err := schedule.RecordIn(cm)
	if err != nil {
		t.Fatal(err)
	}
	if d := schedule.Decide(all, ended, written, at("10:32:00")); d.Changed || len(d.Due) > 0 {
		t.Errorf("written and read: got %+v", d)
	}
	for _, bad := range []*corev1.ConfigMap{
		{},
		{Data: map[string]string{"worked": "yesterday"}},
		{Data: cm.Data, BinaryData: map[string][]byte{"known": []byte("1234567")}},
	} {
		if r, err := schedule.RecordIn(bad); err == nil {
			t.Errorf("RecordIn(%v) = %v, want an error", bad, r)
		}
	}
}

// One job that cannot be started keeps the record from being written. That has no
// other's time be due again, whatever ran since, and no retry wait for it.
func TestOldRecord(t *testing.T) {
	all := []schedule.Job{job(t, jobs.Periodic{Cron: "0 * * * *", Retry: &jobs.Retry{Attempts: 3, Interval: "5m"}})}
	record := known(all, nil, at("09:30:00"))
	runs := schedule.Runs{}
	runs.Add(attempt(run("10:05:00", "10:05:00", "10:06:00", prowv1.FailureState), 1))
	runs.Add(run("10:00:00", "10:00:00", "10:01:00", prowv1.FailureState))
	if due := schedule.Decide(all, runs, record, at("10:20:00")).Due; len(due) != 1 || due[0].Attempt != 2 {
		t.Errorf("after a retry: got %+v, want the next one", due)
	}
	runs.Add(run("", "10:30:00", "10:31:00", prowv1.SuccessState))
	if due := schedule.Decide(all, runs, record, at("10:40:00")).Due; len(due) > 0 {
		t.Errorf("after somebody ran it by hand: got %+v, want nothing", due)
	}
}

// A line counts from when it is first seen: to change it starts nothing for times that are past.
func TestChangedLine(t *testing.T) {
	before := []schedule.Job{job(t, cronJob("0 3 * * *"))}
	after := []schedule.Job{job(t, cronJob("0 2 * * *"))}
	record := known(before, nil, at("01:00:00"))
	d := schedule.Decide(after, nil, record, at("02:30:00"))
	if len(d.Due) > 0 || !d.Changed {
		t.Errorf("got %+v, want nothing to be due, and a new record", d)
	}
	if d := schedule.Decide(after, nil, d.Record, at("23:00:00")); len(d.Due) > 0 {
		t.Errorf("later: %v is due", d.Due)
	}
}

// A run has its name of its job and time, whoever finds it due and when.
func TestNames(t *testing.T) {
	j := []schedule.Job{job(t, cronJob("30 * * * *"))}
	record := known(j, nil, at("10:00:00"))
	name := func(now string) string { return schedule.Decide(j, nil, record, at(now)).Due[0].Name() }
	if one, other := name("10:30:00"), name("10:59:59"); one != other {
		t.Errorf("two names for one run: %s, %s", one, other)
	}
	if one, other := name("10:30:00"), name("11:30:00"); one == other {
		t.Errorf("one name for two runs: %s", one)
	}
	first := func(now string) string {
		return schedule.Decide([]schedule.Job{job(t, jobs.Periodic{Interval: "1h"})}, nil, record, at(now)).Due[0].Name()
	}
	if one, other := first("10:30:00"), first("10:30:01"); one != other {
		t.Errorf("two names for the first run: %s, %s", one, other)
	}
}

// What is due could be started once the run before has ended, and is late from then on alone.
func TestSince(t *testing.T) {
	retried := jobs.Periodic{Interval: "9h", Retry: &jobs.Retry{Attempts: 1, Interval: "5m"}}
	for _, tc := range []struct {
		name string
		job  jobs.Periodic
		run  *prowv1.ProwJob
		want string
	}{
		{"the run was short", jobs.Periodic{Interval: "1h"}, run("", "10:00:00", "10:20:00", prowv1.SuccessState), "11:00:00"},
		{"the run was long", jobs.Periodic{Interval: "1h"}, run("", "10:00:00", "11:30:00", prowv1.SuccessState), "11:30:00"},
		{"it failed late", retried, run("", "10:00:00", "10:20:00", prowv1.FailureState), "10:20:00"},
		{"never run", jobs.Periodic{Interval: "1h"}, nil, "12:00:00"},
	} {
		runs := schedule.Runs{}
		if tc.run != nil {
			runs.Add(tc.run)
		}
		due := schedule.Decide([]schedule.Job{job(t, tc.job)}, runs, schedule.Record{}, at("12:00:00")).Due
		if len(due) != 1 || !due[0].Since.Equal(at(tc.want)) {
			t.Errorf("%s: got %+v, want one that could be started since %s", tc.name, due, tc.want)
		}
	}
}

// Where clocks change, times are those of robfig/cron, as in Prow: what does not
// exist is left out, and what exists twice runs twice.
func TestDaylightSaving(t *testing.T) {
	for _, tc := range []struct {
		line, from string
		want       []string
	}{
		{"CRON_TZ=Europe/Berlin 30 2 * * *", "2026-03-27T12:00:00Z", []string{"2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"}}, // 29 March has no 2:30
		{"CRON_TZ=Europe/Berlin 30 2 * * *", "2026-10-24T12:00:00Z", []string{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"}},
		{"TZ=America/New_York 0 9 * * *", "2026-03-07T12:00:00Z", []string{"2026-03-07T14:00:00Z", "2026-03-08T13:00:00Z"}},
		{"0 9 * * *", "2026-03-28T12:00:00Z", []string{"2026-03-29T09:00:00Z", "2026-03-30T09:00:00Z"}},
	} {
		all := []schedule.Job{job(t, cronJob(tc.line))}
		now, err := time.Parse(time.RFC3339, tc.from)
		if err != nil {
			t.Fatal(err)
		}
		record := known(all, nil, now)
		var got []string
		for len(got) < len(tc.want) && len(got) < 3 && now.Year() == 2026 {
			now = now.Add(time.Minute)
			d := schedule.Decide(all, nil, record, now)
			for _, due := range d.Due {
				got = append(got, due.At.Format(time.RFC3339))
			}
			record = d.Record
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s after %s (-want +got):\n%s", tc.line, tc.from, diff)
		}
	}
}
