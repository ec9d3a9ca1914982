// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"strconv"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/triggers/jobs"
)

// ScheduledAnnotation holds, on a periodic's ProwJob, when it was due (RFC 3339).
const ScheduledAnnotation = "cutwater-ci.github.io/scheduled"

// Runs are what is known of periodics' runs, by job. Those of other types may be
// added, too, and are passed over.
type Runs map[string]history

// history is what is known of the runs of a job.
type history struct {
	// latest is the latest run.
	latest *prowv1.ProwJob
	// due is when the last one of the timetable was due; zero if none was.
	due time.Time
}

// Add adds a run.
func (r Runs) Add(pj *prowv1.ProwJob) {
	if pj.Spec.Type != prowv1.PeriodicJob {
		return
	}
	h := r[pj.Spec.Job]
	if h.latest == nil || pj.Compare(h.latest) > 0 {
		h.latest = pj
	}
	if at, ok := timetabled(pj); ok && at.After(h.due) {
		h.due = at
	}
	r[pj.Spec.Job] = h
}

// Latest is the latest run of a job, nil if there is none.
func (r Runs) Latest(job string) *prowv1.ProwJob { return r[job].latest }

// Due is a run to start.
type Due struct {
	// Index is the job's among those that were decided on.
	Index int
	// At is when it was due.
	At time.Time
	// Since is from when it could be started: from At or, where that came later,
	// from the end of the run before.
	Since time.Time
	// Attempt counts retries; 0 is a run of the timetable.
	Attempt int

	job   string
	first bool
}

// Name is the name of its ProwJob: that of the same job and time is always the same.
func (d Due) Name() string {
	if d.first {
		return jobs.Name("periodic", d.job, "first")
	}
	return jobs.Name("periodic", d.job, d.At.UTC().Format(time.RFC3339Nano), strconv.Itoa(d.Attempt))
}

// Labels are those of its ProwJob, beside the job's.
func (d Due) Labels() map[string]string {
	if d.Attempt == 0 {
		return nil
	}
	return map[string]string{prowv1.ReRunLabel: strconv.Itoa(d.Attempt)}
}

// Annotations are those of its ProwJob, beside the job's.
func (d Due) Annotations() map[string]string {
	return map[string]string{ScheduledAnnotation: d.At.UTC().Format(time.RFC3339Nano)}
}

// Decision is what to do now.
type Decision struct {
	// Due are the runs to start.
	Due []Due
	// Record is to be kept once they are started, if it is Changed.
	Record  Record
	Changed bool
}

// Decide says what is due.
func Decide(all []Job, runs Runs, record Record, now time.Time) Decision {
	now = now.UTC() // In which cron lines are read that name no zone.
	var d Decision
	anyFired := false
	for i := range all {
		j := &all[i]
		run := runs.Latest(j.Name)
		at, fired := j.fired(runs[j.Name], record.since(j, now), now)
		anyFired = anyFired || fired
		switch {
		case fired && (run == nil || run.Complete()):
			d.Due = append(d.Due, Due{Index: i, At: at, job: j.Name})
			continue
		case j.dueFirst(run):
			d.Due = append(d.Due, Due{Index: i, At: now, job: j.Name, first: true})
			continue
		}
		if at, ok := j.next(run); ok && !at.After(now) {
			d.Due = append(d.Due, Due{Index: i, At: at, job: j.Name})
		} else if at, attempt, ok := j.again(run); ok && !at.After(now) {
			d.Due = append(d.Due, Due{Index: i, At: at, Attempt: attempt, job: j.Name})
		}
	}
	for i := range d.Due {
		d.Due[i].Since = d.Due[i].startable(runs)
	}
	d.Record, d.Changed = record.with(all, anyFired, now)
	return d
}

// startable is Since.
func (d Due) startable(runs Runs) time.Time {
	if run := runs.Latest(d.job); run != nil && run.Complete() && run.Status.CompletionTime.After(d.At) {
		return run.Status.CompletionTime.UTC()
	}
	return d.At
}

// dueFirst reports whether the job is due because it never ran.
func (j *Job) dueFirst(run *prowv1.ProwJob) bool { return run == nil && j.cron == nil }

// fired is the last time of a job with a cron line after since and up to now
// that has no run yet.
func (j *Job) fired(runs history, since, now time.Time) (at time.Time, ok bool) {
	switch {
	case j.cron != nil:
		at, ok = lastTime(j.cron.Next, since, now)
	case j.every > 0 && runs.latest != nil:
		base := began(runs.latest)
		at = base.Add(now.Sub(base).Truncate(j.every))
		ok = at.After(base) && at.After(since) && !at.After(now)
	}
	return at, ok && runs.due.Before(at)
}

// lastTime is the last time after since and up to now, found without going through all of a long while.
func lastTime(next func(time.Time) time.Time, since, now time.Time) (last time.Time, ok bool) {
	for back := time.Hour; ; back *= 24 {
		from := now.Add(-back)
		if from.Before(since) || back > 10000*time.Hour {
			from = since
		}
		for t := next(from); !t.IsZero() && !t.After(now); t = next(t) {
			last, ok = t, true
		}
		if ok || !from.After(since) {
			return last, ok
		}
	}
}

// next is when a job with an interval is due after its latest run; not ok while that goes on.
func (j *Job) next(run *prowv1.ProwJob) (at time.Time, ok bool) {
	switch {
	case run == nil || !run.Complete():
		return time.Time{}, false
	case j.interval != nil:
		// Looks come by the minute. One that was late by seconds must not shift all that follow.
		at = started(run).Truncate(time.Minute).Add(*j.interval)
	case j.minimum != nil:
		at = run.Status.CompletionTime.UTC().Add(*j.minimum)
	default:
		return time.Time{}, false
	}
	// Whatever the interval, it is later than the latest run was due, or both would have one name.
	if earliest := started(run).Add(time.Second); at.Before(earliest) {
		at = earliest
	}
	return at, true
}

// again is when the latest run is retried, and for which time.
func (j *Job) again(run *prowv1.ProwJob) (at time.Time, attempt int, ok bool) {
	if j.retry == nil || run == nil {
		return time.Time{}, 0, false
	}
	before, err := strconv.Atoi(run.Labels[prowv1.ReRunLabel])
	if err != nil || before < 0 {
		before = 0
	}
	attempt = before + 1
	wanted := j.retry.all || (run.Complete() && run.Status.State != prowv1.SuccessState)
	return started(run).Add(j.retry.interval), attempt, wanted && attempt <= j.retry.attempts
}

// timetabled is when a run was due by its timetable; not ok for retries and for
// those that somebody else started.
func timetabled(run *prowv1.ProwJob) (at time.Time, ok bool) {
	if run.Labels[prowv1.ReRunLabel] != "" {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, run.Annotations[ScheduledAnnotation])
	return at.UTC(), err == nil
}

// began is when a run was due by its timetable, else when it started.
func began(run *prowv1.ProwJob) time.Time {
	if at, ok := timetabled(run); ok {
		return at
	}
	return started(run)
}

// started is when a run started. One that somebody made by hand may not say so.
func started(run *prowv1.ProwJob) time.Time {
	if run.Status.StartTime.IsZero() {
		return run.CreationTimestamp.UTC()
	}
	return run.Status.StartTime.UTC()
}
