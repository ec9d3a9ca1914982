// SPDX-License-Identifier: Apache-2.0

package sinker

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
)

const (
	// orphanAge is how old a pod without a ProwJob must be.
	orphanAge = 30 * time.Second
	// reportGrace is how long after its end a run stays that crier has yet to
	// report, however old it is.
	reportGrace = 24 * time.Hour

	// podReporter is the reporter that reporterFinalizer is for. Ours needs none;
	// both are of a Prow that ran here before, or still does.
	podReporter       = "gcsk8sreporter"
	reporterFinalizer = "prow.x-k8s.io/gcsk8sreporter"
)

// reason is why something is deleted, as the metrics tell it.
type reason string

const (
	aged         reason = "aged"
	agedPeriodic reason = "aged-periodic"
	ttled        reason = "ttled"
	orphaned     reason = "orphaned"
)

// rules are what the configuration says.
type rules struct {
	maxRunAge, maxPodAge, terminatedPodTTL time.Duration
	// periodics are the configured ones, by name.
	periodics map[string]bool
	// excluded are the build clusters that are not cleaned.
	excluded map[string]bool
}

func rulesFrom(c *config.Config) rules {
	r := rules{
		maxRunAge:        c.Sinker.MaxProwJobAge.Get(),
		maxPodAge:        c.Sinker.MaxPodAge.Get(),
		terminatedPodTTL: c.Sinker.TerminatedPodTTL.Get(),
		periodics:        map[string]bool{},
		excluded:         map[string]bool{},
	}
	for _, p := range c.Periodics() {
		r.periodics[p.Name] = true
	}
	for _, alias := range c.Sinker.ExcludeClusters {
		r.excluded[alias] = true
	}
	return r
}

// runRemoval is a ProwJob to delete.
type runRemoval struct {
	run    *prowv1.ProwJob
	reason reason
}

// decideRuns returns the ProwJobs to delete, the oldest first. Runs that have not
// ended stay, and the newest of each configured periodic, by which horologium
// knows when the next is due.
func decideRuns(now time.Time, r rules, runs []*prowv1.ProwJob) []runRemoval {
	newest := map[string]*prowv1.ProwJob{}
	for _, run := range runs {
		if run.Spec.Type != prowv1.PeriodicJob || !r.periodics[run.Spec.Job] {
			continue
		}
		if other := newest[run.Spec.Job]; other == nil || other.Compare(run) < 0 {
			newest[run.Spec.Job] = run
		}
	}
	var removals []runRemoval
	for _, run := range runs {
		switch {
		case !run.Complete() || now.Sub(run.Status.StartTime.Time) <= r.maxRunAge:
		case unreported(run) && now.Sub(run.Status.CompletionTime.Time) <= reportGrace:
		case run.Spec.Type != prowv1.PeriodicJob:
			removals = append(removals, runRemoval{run, aged})
		case newest[run.Spec.Job] != run:
			removals = append(removals, runRemoval{run, agedPeriodic})
		}
	}
	slices.SortFunc(removals, func(a, b runRemoval) int { return a.run.Compare(b.run) })
	return removals
}

// unreported says whether a reporter that told of the run before has not told of
// its end, or nobody has told of a run that is to be reported.
func unreported(run *prowv1.ProwJob) bool {
	for _, state := range run.Status.PrevReportStates {
		if state != run.Status.State {
			return true
		}
	}
	return run.Spec.Report && len(run.Status.PrevReportStates) == 0
}

// pod is what sinker knows of a pod.
type pod struct {
	name, resourceVersion string
	uid                   types.UID
	created, started      time.Time // started is zero when it has not
	deleting              bool
	finalizers            []string
	// runName is the ProwJob that it was made for.
	runName string
	// run is that ProwJob; nil when it is gone, or was not looked for.
	run *prowv1.ProwJob
	// orphan says that the API server knows no such ProwJob.
	orphan bool
}

// podAction is what to do to a pod.
type podAction struct {
	pod pod
	// release says that the reporter's finalizer is to go.
	release bool
	// remove says that the pod is to go, and reason why.
	remove bool
	reason reason
}

// decidePods returns what to do to which pods, the oldest first. Pods of runs that
// have not ended stay.
func decidePods(now time.Time, r rules, pods []pod) []podAction {
	var actions []podAction
	for _, p := range pods {
		action := podAction{pod: p}
		if !p.deleting {
			action.reason, action.remove = p.over(now, r)
		}
		reported := p.run != nil && p.run.Complete() && p.run.Status.PrevReportStates[podReporter] == p.run.Status.State
		action.release = slices.Contains(p.finalizers, reporterFinalizer) && (p.orphan || reported)
		if action.remove || action.release {
			actions = append(actions, action)
		}
	}
	slices.SortStableFunc(actions, func(a, b podAction) int { return a.pod.created.Compare(b.pod.created) })
	return actions
}

// over says whether, and why, the pod is of no more use.
func (p pod) over(now time.Time, r rules) (reason, bool) {
	switch {
	case p.orphan && now.Sub(p.created) > orphanAge:
		return orphaned, true
	case p.run == nil || !p.run.Complete():
		return "", false
	case !p.started.IsZero() && now.Sub(p.started) > r.maxPodAge:
		return aged, true
	case now.Sub(p.run.Status.CompletionTime.Time) > r.terminatedPodTTL:
		return ttled, true
	}
	return "", false
}
