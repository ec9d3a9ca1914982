// SPDX-License-Identifier: Apache-2.0

// Package crier tells the world what became of ProwJobs.
//
// Starts on: each change of a ProwJob's state. Changes: what its reporters
// change (a GitHub status and comment, for one), and, on the ProwJob, only
// status.prev_report_states. Config: by reporter. In Prow: the program "crier".
//
// There is one controller for each reporter, with its own work queue, so that
// one service being slow or down delays no other's news.
package crier

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Reporter tells one service about ProwJobs.
type Reporter interface {
	// Name is the reporter's key in status.prev_report_states.
	Name() string
	// ShouldReport says whether the job, in its present state, is this reporter's business.
	ShouldReport(pj *prowv1.ProwJob) bool
	// Report makes the service know the job's present state. It may be called
	// again for the same state and must then change nothing that is right already.
	Report(ctx context.Context, pj *prowv1.ProwJob) error
}

// Options tune a crier controller; the zero value is useful.
type Options struct {
	// Workers is how many jobs are reported at once; 0 means 10.
	Workers int
	// Timeout limits one report; 0 means 5 minutes.
	Timeout time.Duration
	// Metrics receives crier's metrics; nil keeps them to itself.
	Metrics prometheus.Registerer
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

const (
	defaultWorkers = 10
	defaultTimeout = 5 * time.Minute
)

func (o Options) withDefaults() Options {
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// due says whether the reporter has yet to tell of the job's present state. An
// abort is told of when the run has ended: reporters say more of such runs, and
// the record, which is of the state alone, would keep them from saying it later.
func due(r Reporter, pj *prowv1.ProwJob) bool {
	if pj.Status.State == prowv1.AbortedState && !pj.Complete() {
		return false
	}
	return pj.Status.PrevReportStates[r.Name()] != pj.Status.State && r.ShouldReport(pj)
}
