// SPDX-License-Identifier: Apache-2.0

package plank

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// limits knows which runs wait for a pod and which hold a place, and lets no
// more of them start than max_concurrency and the queues' capacities allow;
// those of one job or one queue in the order in which they were made.
//
// It follows the informer, which lags behind our own writes. So a run that is
// let start holds its place from that moment on, until the informer shows what
// became of it, or release gives the place back.
type limits struct {
	mu     sync.Mutex
	runs   map[string]*run // by name; only those that are triggered or pending
	jobs   map[string]*line
	queues map[string]*line
	all    line
}

// run is a ProwJob that waits for a place or holds one.
type run struct {
	name    string
	job     string
	queue   string
	max     int // of the job; 0 is no limit
	started time.Time
	created time.Time
	holds   bool // a place: it is pending, or as good as
	kept    bool // the place is not given back: there is a pod, or may be one
	refused bool // since it was last let start; such runs are woken
}

// line is the runs of one job or queue.
type line struct {
	held    int
	waiting []*run // oldest first
}

func newLimits() *limits {
	return &limits{runs: map[string]*run{}, jobs: map[string]*line{}, queues: map[string]*line{}}
}

// observe notes what the informer shows of a ProwJob, and reports whether that freed a place.
func (l *limits) observe(pj *prowv1.ProwJob, hasPod bool) (freed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	pending := pj.Status.State == prowv1.PendingState
	if !ours(pj) || pj.Complete() || !pending && pj.Status.State != prowv1.TriggeredState {
		return l.remove(pj.Name)
	}
	r := l.runs[pj.Name]
	if r == nil {
		r = &run{
			name:    pj.Name,
			job:     pj.Spec.Job,
			queue:   pj.Spec.JobQueueName,
			max:     pj.Spec.MaxConcurrency,
			started: pj.Status.StartTime.Time,
			created: pj.CreationTimestamp.Time,
		}
		l.runs[pj.Name] = r
		l.wait(r)
	}
	if pending || hasPod {
		l.keep(r)
	}
	return false
}

// podSeen notes that a run has a pod, or may have one, so that it keeps a place though it may not be recorded as pending yet.
func (l *limits) podSeen(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.runs[name]; r != nil {
		l.keep(r)
	}
}

// forget notes that a ProwJob is gone, and reports whether that freed a place.
func (l *limits) forget(name string) (freed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.remove(name)
}

// admit lets a run start, or reports that it must wait for another to end. A
// run that was let start keeps its place until release or its end.
func (l *limits) admit(name string, s Settings) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.runs[name]
	if r == nil {
		return false, nil // it has ended meanwhile
	}
	if r.holds {
		return true, nil
	}
	r.refused = true
	if ok, err := l.mayStart(r, s); !ok || err != nil {
		return false, err
	}
	r.refused = false
	l.hold(r)
	return true, nil
}

// release gives back the place of a run that was let start but surely got no pod.
func (l *limits) release(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.runs[name]; r != nil && r.holds && !r.kept {
		for _, line := range l.lines(r) {
			line.held--
		}
		r.holds = false
		l.wait(r)
	}
}

// ready returns the runs that were refused and could start now, oldest first.
func (l *limits) ready(s Settings) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var names []string
	for _, r := range l.all.waiting {
		if s.MaxConcurrency > 0 && l.all.held+len(names) >= s.MaxConcurrency {
			break
		}
		if !r.refused {
			continue
		}
		if ok, err := l.mayStart(r, s); ok && err == nil {
			names = append(names, r.name)
		}
	}
	return names
}

// mayStart says whether the limits leave a place for a waiting run. Older runs of its job and queue come first.
func (l *limits) mayStart(r *run, s Settings) (bool, error) {
	if s.MaxConcurrency > 0 && l.all.held >= s.MaxConcurrency {
		return false, nil
	}
	if r.max > 0 {
		if job := l.jobs[r.job]; job.held+job.position(r) >= r.max {
			return false, nil
		}
	}
	if r.queue == "" {
		return true, nil
	}
	capacity, ok := s.QueueCapacities[r.queue]
	if !ok {
		return false, fmt.Errorf("job queue %q is not among plank.job_queue_capacities", r.queue)
	}
	queue := l.queues[r.queue]
	return capacity < 0 || queue.held+queue.position(r) < capacity, nil
}

// lines returns the lines that a run stands in.
func (l *limits) lines(r *run) []*line {
	lines := []*line{&l.all, named(l.jobs, r.job)}
	if r.queue != "" {
		lines = append(lines, named(l.queues, r.queue))
	}
	return lines
}

func named(lines map[string]*line, name string) *line {
	if lines[name] == nil {
		lines[name] = &line{}
	}
	return lines[name]
}

func (l *limits) wait(r *run) {
	for _, line := range l.lines(r) {
		i, _ := slices.BinarySearchFunc(line.waiting, r, older)
		line.waiting = slices.Insert(line.waiting, i, r)
	}
}

func (l *limits) hold(r *run) {
	for _, line := range l.lines(r) {
		line.leave(r)
		line.held++
	}
	r.holds = true
}

// keep makes a run hold its place until it ends.
func (l *limits) keep(r *run) {
	r.kept = true
	if !r.holds {
		l.hold(r)
	}
}

// remove takes a run out, and reports whether others may profit: those behind it, too, if it only waited.
func (l *limits) remove(name string) bool {
	r := l.runs[name]
	if r == nil {
		return false
	}
	for _, line := range l.lines(r) {
		if r.holds {
			line.held--
		} else {
			line.leave(r)
		}
	}
	delete(l.runs, name)
	if line := l.jobs[r.job]; line.held == 0 && len(line.waiting) == 0 {
		delete(l.jobs, r.job)
	}
	if line := l.queues[r.queue]; line != nil && line.held == 0 && len(line.waiting) == 0 {
		delete(l.queues, r.queue)
	}
	return true
}

func (l *line) leave(r *run) {
	if i := l.position(r); i < len(l.waiting) && l.waiting[i] == r {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	}
}

// position is how many waiting runs are older.
func (l *line) position(r *run) int {
	i, _ := slices.BinarySearchFunc(l.waiting, r, older)
	return i
}

// older orders runs by the time at which they were made; names settle a draw.
func older(a, b *run) int {
	if c := a.started.Compare(b.started); c != 0 {
		return c
	}
	if c := a.created.Compare(b.created); c != 0 {
		return c
	}
	return strings.Compare(a.name, b.name)
}
