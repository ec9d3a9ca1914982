// SPDX-License-Identifier: Apache-2.0

package sinker

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/jobs"
)

var (
	now  = time.Date(2026, time.May, 1, 12, 0, 0, 0, time.UTC)
	week = rules{
		maxRunAge: 168 * time.Hour, maxPodAge: 24 * time.Hour, terminatedPodTTL: time.Hour,
		periodics: map[string]bool{"nightly": true},
	}
)

// ran is a run that started and ended so long ago; it has not ended when the end is negative.
func ran(name string, kind prowv1.ProwJobType, job string, started, ended time.Duration) *prowv1.ProwJob {
	pj := &prowv1.ProwJob{}
	pj.Name, pj.Spec.Type, pj.Spec.Job = name, kind, job
	pj.Status.StartTime, pj.Status.State = metav1.NewTime(now.Add(-started)), prowv1.PendingState
	if ended >= 0 {
		pj.SetComplete(now.Add(-ended))
		pj.Status.State = prowv1.SuccessState
	}
	return pj
}

func told(pj *prowv1.ProwJob, states map[string]prowv1.ProwJobState) *prowv1.ProwJob {
	pj.Spec.Report, pj.Status.PrevReportStates = true, states
	return pj
}

func TestDecideRuns(t *testing.T) {
	const hour, days8, days9 = time.Hour, 8 * 24 * time.Hour, 9 * 24 * time.Hour
	const never = -1
	type list = []*prowv1.ProwJob
	for _, tc := range []struct {
		name string
		runs list
		want []string
	}{
		{"old and over", list{ran("a", prowv1.PresubmitJob, "unit", days8, days8)}, []string{"a aged"}},
		{"each type", list{
			ran("a", prowv1.PostsubmitJob, "unit", days9, days8), ran("b", prowv1.BatchJob, "unit", days8, days8),
			ran("c", prowv1.PeriodicJob, "gone", days8, days8),
		}, []string{"a aged", "b aged", "c aged-periodic"}},
		{"the oldest first", list{ran("a", prowv1.BatchJob, "unit", days8, days8), ran("b", prowv1.BatchJob, "unit", days9, days8)}, []string{"b aged", "a aged"}},
		{"of just that age", list{ran("a", prowv1.PresubmitJob, "unit", week.maxRunAge, hour)}, nil},
		{"a moment older", list{ran("a", prowv1.PresubmitJob, "unit", week.maxRunAge+1, hour)}, []string{"a aged"}},
		{"still running", list{ran("a", prowv1.PresubmitJob, "unit", days9, never)}, nil},
		{"the newest of a periodic", list{
			ran("a", prowv1.PeriodicJob, "nightly", days9, days9), ran("b", prowv1.PeriodicJob, "nightly", days8, days8),
		}, []string{"a aged-periodic"}},
		{"a newer one of a periodic runs", list{
			ran("a", prowv1.PeriodicJob, "nightly", days8, days8), ran("b", prowv1.PeriodicJob, "nightly", hour, never),
		}, []string{"a aged-periodic"}},
		{"a run of that name that is no periodic's", list{
			ran("a", prowv1.PeriodicJob, "nightly", days9, days9), ran("b", prowv1.PresubmitJob, "nightly", days8, days8),
		}, []string{"b aged"}},
		{"an end that is to be reported", list{
			told(ran("a", prowv1.PresubmitJob, "unit", days8, hour), map[string]prowv1.ProwJobState{"github-reporter": prowv1.PendingState}),
			told(ran("b", prowv1.PresubmitJob, "unit", days8, hour), nil),
		}, nil},
		{"an end that was reported", list{
			told(ran("a", prowv1.PresubmitJob, "unit", days8, hour), map[string]prowv1.ProwJobState{"github-reporter": prowv1.SuccessState}),
		}, []string{"a aged"}},
		{"an end that one reporter owes", list{
			told(ran("a", prowv1.PresubmitJob, "unit", days8, hour), map[string]prowv1.ProwJobState{
				"github-reporter": prowv1.SuccessState, "gcsreporter": prowv1.PendingState,
			}),
		}, nil},
		{"an end that nobody will report", list{
			told(ran("a", prowv1.PresubmitJob, "unit", days8, reportGrace+1), nil),
			told(ran("b", prowv1.PresubmitJob, "unit", days8, reportGrace), nil),
		}, []string{"a aged"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, r := range decideRuns(now, week, tc.runs) {
				got = append(got, r.run.Name+" "+string(r.reason))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("deleted (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecidePods(t *testing.T) {
	const hour, day = time.Hour, 24 * time.Hour
	kept := []string{"other.example/finalizer", reporterFinalizer}
	reported := func(state prowv1.ProwJobState) *prowv1.ProwJob {
		return told(ran("run", prowv1.PresubmitJob, "unit", hour, time.Minute), map[string]prowv1.ProwJobState{podReporter: state})
	}
	running, over := ran("run", prowv1.PresubmitJob, "unit", 48*hour, -1), ran("run", prowv1.PresubmitJob, "unit", 48*hour, time.Minute)
	for _, tc := range []struct {
		name string
		pod  pod
		want string
	}{
		{"of a run that goes on", pod{run: running, started: now.Add(-48 * hour)}, ""},
		{"old, of a run that ended", pod{run: over, started: now.Add(-day - 1)}, "remove aged"},
		{"of just that age", pod{run: over, started: now.Add(-day)}, ""},
		{"of a run that ended long ago", pod{run: ran("run", prowv1.BatchJob, "unit", 2*hour, hour+1), started: now.Add(-2 * hour)}, "remove ttled"},
		{"of a run that ended just so long ago", pod{run: ran("run", prowv1.BatchJob, "unit", 2*hour, hour), started: now.Add(-2 * hour)}, ""},
		{"that never started, of a run that ended long ago", pod{run: ran("run", prowv1.BatchJob, "unit", 2*hour, hour+1)}, "remove ttled"},
		{"that never started, of a run that ended", pod{run: over, created: now.Add(-48 * hour)}, ""},
		{"an orphan", pod{orphan: true, created: now.Add(-orphanAge - 1)}, "remove orphaned"},
		{"an orphan that is new", pod{orphan: true, created: now.Add(-orphanAge)}, ""},
		{"perhaps an orphan", pod{created: now.Add(-48 * hour)}, ""},
		{"being deleted", pod{orphan: true, deleting: true}, ""},
		{"an orphan that is kept", pod{orphan: true, created: now.Add(-hour), finalizers: kept}, "release remove orphaned"},
		{"an orphan that is kept, being deleted", pod{orphan: true, deleting: true, finalizers: kept}, "release"},
		{"kept by somebody else", pod{orphan: true, deleting: true, finalizers: kept[:1]}, ""},
		{"kept, with its report made", pod{run: reported(prowv1.SuccessState), finalizers: kept}, "release"},
		{"kept, with its report due", pod{run: reported(prowv1.PendingState), finalizers: kept}, ""},
		{"kept, of a run that goes on", pod{
			run: told(ran("run", prowv1.BatchJob, "unit", hour, -1), map[string]prowv1.ProwJobState{podReporter: prowv1.PendingState}), finalizers: kept,
		}, ""},
		{"kept, of a run that goes on, and perhaps an orphan", pod{finalizers: kept}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := ""
			for _, a := range decidePods(now, week, []pod{tc.pod}) {
				if a.release {
					got += "release "
				}
				if a.remove {
					got += "remove " + string(a.reason)
				}
			}
			if got = strings.TrimSpace(got); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// Whatever there is: nothing that runs is deleted, nor the newest run of a
// configured periodic; what is over, old and told of is; and there is nothing
// left to decide after that.
func TestDecideProperties(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 0))
		runs, pods := anything(random)
		removals, actions := decideRuns(now, week, runs), decidePods(now, week, pods)
		removed := map[*prowv1.ProwJob]bool{}
		for _, r := range removals {
			removed[r.run] = true
			if !r.run.Complete() {
				t.Errorf("seed %d: run %s is deleted although it goes on", seed, r.run.Name)
			}
		}
		newer := map[string]*prowv1.ProwJob{}
		for _, run := range runs {
			if run.Spec.Type == prowv1.PeriodicJob && (newer[run.Spec.Job] == nil || run.Compare(newer[run.Spec.Job]) > 0) {
				newer[run.Spec.Job] = run
			}
		}
		var left []*prowv1.ProwJob
		for _, run := range runs {
			last := run.Spec.Type == prowv1.PeriodicJob && run.Spec.Job == "nightly" && newer["nightly"] == run
			if removed[run] && last {
				t.Errorf("seed %d: run %s is deleted although it is the newest of its periodic", seed, run.Name)
			}
			old := run.Complete() && now.Sub(run.Status.StartTime.Time) > week.maxRunAge && now.Sub(run.Status.CompletionTime.Time) > reportGrace
			if old && !last && !removed[run] {
				t.Errorf("seed %d: run %s stays although it is over and old", seed, run.Name)
			}
			if !removed[run] {
				left = append(left, run)
			}
		}
		for _, a := range actions {
			if a.remove && !a.pod.orphan && (a.pod.run == nil || !a.pod.run.Complete()) {
				t.Errorf("seed %d: pod %s is deleted although its run goes on, or may", seed, a.pod.name)
			}
		}
		if again := decideRuns(now, week, left); len(again) > 0 {
			t.Errorf("seed %d: %d runs are to be deleted after a cleaning", seed, len(again))
		}
	}
}

// anything is runs, and pods of some of them, of any age and state.
func anything(random *rand.Rand) ([]*prowv1.ProwJob, []pod) {
	age := func() time.Duration { return time.Duration(random.IntN(20*24)) * time.Hour }
	var runs []*prowv1.ProwJob
	var pods []pod
	types := []prowv1.ProwJobType{prowv1.PresubmitJob, prowv1.PostsubmitJob, prowv1.PeriodicJob, prowv1.BatchJob}
	states := []prowv1.ProwJobState{prowv1.PendingState, prowv1.SuccessState}
	for i := range random.IntN(60) {
		started := age()
		ended := time.Duration(-1)
		if random.IntN(4) > 0 {
			ended = min(started, age())
		}
		run := ran(fmt.Sprint("run-", i), types[random.IntN(4)], []string{"nightly", "gone"}[random.IntN(2)], started, ended)
		if random.IntN(2) == 0 {
			told(run, map[string]prowv1.ProwJobState{"github-reporter": states[random.IntN(2)]})
		}
		runs = append(runs, run)
		p := pod{name: run.Name, created: now.Add(-started), started: now.Add(-started / 2), deleting: random.IntN(5) == 0}
		switch random.IntN(4) {
		case 0:
		case 1:
			p.orphan = true
		default:
			p.run = run
		}
		pods = append(pods, p)
	}
	return runs, pods
}

func TestRulesFrom(t *testing.T) {
	c := &config.Config{}
	c.Sinker.MaxProwJobAge = &prowv1.Duration{Duration: 3 * time.Hour}
	c.Sinker.MaxPodAge = &prowv1.Duration{Duration: 2 * time.Hour}
	c.Sinker.TerminatedPodTTL = &prowv1.Duration{Duration: time.Hour}
	c.Sinker.ExcludeClusters = []string{"far"}
	c.Jobs = &jobs.Jobs{Periodics: []jobs.Periodic{{JobBase: jobs.JobBase{Name: "nightly"}}}}
	want := rules{
		maxRunAge: 3 * time.Hour, maxPodAge: 2 * time.Hour, terminatedPodTTL: time.Hour,
		periodics: map[string]bool{"nightly": true}, excluded: map[string]bool{"far": true},
	}
	if diff := cmp.Diff(want, rulesFrom(c), cmp.AllowUnexported(rules{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
