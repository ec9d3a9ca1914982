// SPDX-License-Identifier: Apache-2.0

package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/triggers/schedule"
)

// world is some days of periodics: who keeps the timetable, who rings by it, who
// starts what is due, and runs that end. If it is not calm, rings are lost,
// doubled and late, runs cannot be made, and records are not written.
type world struct {
	*testing.T
	rand   *rand.Rand
	calm   bool
	now    time.Time
	jobs   []schedule.Job
	runs   map[string]*prowv1.ProwJob // by name
	ends   map[string]time.Time       // by name
	record schedule.Record

	timetable schedule.Minutes
	look      time.Time // when the timetable is looked at next
	away      time.Time // until when nobody rings
	rings     int
	useless   int // rings at which nothing was due
}

func newWorld(t *testing.T, seed uint64, calm bool) *world {
	w := &world{
		T: t, rand: rand.New(rand.NewPCG(seed, 1)), calm: calm, now: at("00:00:00"),
		runs: map[string]*prowv1.ProwJob{}, ends: map[string]time.Time{},
	}
	for i := range 1 + w.rand.IntN(6) {
		p := jobs.Periodic{}
		p.Name = fmt.Sprint("job-", i)
		minutes := func(most int) string { return fmt.Sprint(1+w.rand.IntN(most), "m") }
		switch w.rand.IntN(6) {
		case 0:
			p.Interval = minutes(600)
		case 1:
			p.MinimumInterval = minutes(600)
		case 2:
			p.Cron = "@every " + minutes(600)
		case 3:
			p.Cron = fmt.Sprintf("%d */%d * * *", w.rand.IntN(60), 1+w.rand.IntN(8))
		case 4:
			p.Cron = fmt.Sprintf("CRON_TZ=Australia/Lord_Howe %d-%d %d * * *", w.rand.IntN(30), 30+w.rand.IntN(30), w.rand.IntN(24))
		case 5:
			p.Cron = fmt.Sprintf("%d %d %d * * *", w.rand.IntN(60), w.rand.IntN(60), w.rand.IntN(24))
		}
		if w.rand.IntN(3) == 0 {
			p.Retry = &jobs.Retry{Attempts: w.rand.IntN(4), Interval: minutes(20), RunAll: w.rand.IntN(3) == 0}
		}
		j, err := schedule.New(p)
		if err != nil {
			t.Fatal(err)
		}
		w.jobs = append(w.jobs, j)
	}
	return w
}

func (w *world) latest() schedule.Runs {
	runs := schedule.Runs{}
	for _, pj := range w.runs {
		runs.Add(pj)
	}
	return runs
}

// step is a second.
func (w *world) step() {
	w.now = w.now.Add(time.Second)
	for name, end := range w.ends {
		if !end.After(w.now) {
			delete(w.ends, name)
			pj := w.runs[name]
			pj.SetComplete(w.now)
			pj.Status.State = prowv1.SuccessState
			if w.rand.IntN(3) == 0 {
				pj.Status.State = prowv1.FailureState
			}
			w.look = w.now // a watch tells of it
		}
	}
	if !w.look.After(w.now) {
		w.timetable, w.look = schedule.Wakes(w.jobs, w.latest(), w.record, w.timetable, w.now)
	}
	if w.now.Second() == 0 && w.timetable.Has(w.now) {
		w.ring()
	}
	if !w.calm && w.rand.IntN(3*3600) == 0 {
		w.away = w.now.Add(time.Duration(w.rand.IntN(3600)) * time.Second)
	}
}

func (w *world) ring() {
	w.rings++
	switch {
	case w.now.Before(w.away): // lost
	case w.calm:
		w.tick(w.record, w.latest())
	default:
		record, runs := w.record, w.latest() // a second one may see what the first one saw
		w.tick(record, runs)
		if w.rand.IntN(3) == 0 {
			w.tick(record, runs)
		}
	}
}

// tick is what horologium does.
func (w *world) tick(record schedule.Record, runs schedule.Runs) {
	d := schedule.Decide(w.jobs, runs, record, w.now)
	if len(d.Due) == 0 && !d.Changed {
		w.useless++
	}
	for _, due := range d.Due {
		if !w.calm && w.rand.IntN(10) == 0 {
			return // the rest cannot be made
		}
		w.start(due)
	}
	if d.Changed && (w.calm || w.rand.IntN(10) > 0) && d.Record.Worked.After(w.record.Worked) {
		w.record = d.Record
	}
	w.look = w.now
}

func (w *world) start(due schedule.Due) {
	if _, exists := w.runs[due.Name()]; exists {
		return
	}
	job := w.jobs[due.Index].Name
	w.runs[due.Name()] = &prowv1.ProwJob{
		ObjectMeta: metav1.ObjectMeta{Name: due.Name(), Labels: due.Labels(), Annotations: due.Annotations()},
		Spec:       prowv1.ProwJobSpec{Type: prowv1.PeriodicJob, Job: job},
		Status:     prowv1.ProwJobStatus{StartTime: metav1.NewTime(w.now), State: prowv1.PendingState},
	}
	w.ends[due.Name()] = w.now.Add(time.Duration(1+w.rand.IntN(5400)) * time.Second)
}

// check looks for what happened twice or was forgotten.
func (w *world) check() {
	seen := map[string]bool{}
	for _, pj := range w.runs {
		what := pj.Spec.Job + " " + pj.Annotations[schedule.ScheduledAnnotation] + " " + pj.Labels[prowv1.ReRunLabel]
		if seen[what] {
			w.Errorf("two runs of %s", what)
		}
		seen[what] = true
	}
	// What is due has been so for the rest of a minute, and the lead of the timetable, at most.
	runs := w.latest()
	for _, due := range schedule.Decide(w.jobs, runs, w.record, w.now).Due {
		since := due.At
		if run := runs.Latest(w.jobs[due.Index].Name); run != nil && run.Complete() && run.Status.CompletionTime.After(since) {
			since = run.Status.CompletionTime.Time
		}
		if late := w.now.Sub(since); w.calm && late > 70*time.Second {
			w.Errorf("at %v, %+v is %v late", w.now, due, late)
		}
	}
}

func TestWorld(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { play(t, seed, seed%2 == 0) })
	}
}

func FuzzWorld(f *testing.F) {
	f.Add(uint64(100), false)
	f.Fuzz(play)
}

// play plays some days and then an hour without disturbance, in which all is made up.
func play(t *testing.T, seed uint64, calm bool) {
	w := newWorld(t, seed, calm)
	for range 36 * 3600 {
		w.step()
		if w.now.Minute()%10 == 0 && w.now.Second() == 45 {
			w.check()
		}
	}
	w.calm, w.away = true, time.Time{}
	for range 600 {
		w.step()
	}
	w.check()
	if calm {
		w.checkTimes()
		if w.useless > w.rings/5+3 { // minutes that are next stay in the timetable, needed or not
			t.Errorf("%d of %d rings were for nothing", w.useless, w.rings)
		}
	}
	t.Logf("%d jobs, %d runs, %d rings, %d of them for nothing", len(w.jobs), len(w.runs), w.rings, w.useless)
}

// checkTimes holds the runs of cron lines against their times: between two runs
// of the timetable there is no time at which none was going on.
func (w *world) checkTimes() {
	for i := range w.jobs {
		var runs []*prowv1.ProwJob
		for _, pj := range w.runs {
			if pj.Spec.Job == w.jobs[i].Name {
				runs = append(runs, pj)
			}
		}
		slices.SortFunc(runs, func(a, b *prowv1.ProwJob) int { return a.Compare(b) })
		for k := 1; k < len(runs); k++ {
			between := schedule.Runs{}
			between.Add(runs[k-1])
			if !runs[k-1].Complete() {
				continue
			}
			// A minute before the next one started, and the lead of the timetable, nothing may have been due.
			before := runs[k].Status.StartTime.Add(-70 * time.Second)
			if !before.After(runs[k-1].Status.CompletionTime.Time) {
				continue
			}
			record := schedule.Decide(w.jobs, between, schedule.Record{}, runs[k-1].Status.CompletionTime.Time).Record
			if d := schedule.Decide(w.jobs[i:i+1], between, record, before); len(d.Due) > 0 {
				w.Errorf("%s ran at %v, and was due at %v", w.jobs[i].Name, runs[k].Status.StartTime, d.Due[0].At)
			}
		}
	}
}
