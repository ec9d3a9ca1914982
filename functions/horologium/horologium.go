// SPDX-License-Identifier: Apache-2.0

// Package horologium starts periodics: the runs that are due.
//
// Starts on: any event, from the PingSources that controllers/schedule keeps and
// from an hourly one. Changes: creates ProwJobs, and the ConfigMap "horologium"
// beside them, which says up to when all was worked off. Config: the periodics,
// scheduler.enabled. In Prow: the program "horologium", which is always awake
// and looks at the periodics every horologium.tick_interval.
//
// An event says only that it is time to look: what is due follows from the
// periodics, their latest runs and the ConfigMap (package triggers/schedule).
// A run's ProwJob is named by its job and time, and the ConfigMap is written
// after the ProwJobs, as it was read, so that events may be lost, late or
// doubled, and this function killed or running twice: the next look makes up
// for it, and no run is started twice.
package horologium

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/lastgood"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/function"
	"github.com/cutwater-ci/cutwater/internal/kubeconfig"
	"github.com/cutwater-ci/cutwater/triggers/schedule"
)

const (
	// tickTimeout ends a look. It is less than the function's timeoutSeconds in deploy/.
	tickTimeout = 4 * time.Minute
	// requestTimeout ends one request, so that one that hangs does not use up the tick.
	requestTimeout = 30 * time.Second
	// skew is how far this clock may be behind the one that rings.
	skew = time.Second
)

// horologium is the function.
type horologium struct {
	prow    versioned.Interface
	kube    kubernetes.Interface
	config  func() *config.Config
	metrics *metrics
	now     func() time.Time
	running sync.Mutex
}

// New returns the function's handler: POST / takes the event.
func New(ctx context.Context, env function.Lookup) (http.Handler, error) {
	var e Environment
	if err := function.Decode(ctx, env, &e); err != nil {
		return nil, err
	}
	store, err := config.NewStore(ctx, e.Config.Files(), lastgood.Reading(e.Bucket, e.Credentials))
	if err != nil {
		return nil, err
	}
	kubernetes, err := kubeconfig.Load(e.Kubeconfig)
	if err != nil {
		return nil, err
	}
	h := &horologium{config: store.Load, metrics: newMetrics(function.Registerer(ctx)), now: time.Now}
	if err := h.connect(kubernetes); err != nil {
		return nil, err
	}
	return h.handler(), nil
}

// connect makes the clients.
func (h *horologium) connect(c *rest.Config) error {
	c = rest.CopyConfig(c)
	c.QPS = -1 // the number of workers limits us, and the API server protects itself
	c.Timeout = requestTimeout
	c.UserAgent = "cutwater-horologium"
	var err error
	if h.prow, err = versioned.NewForConfig(c); err != nil {
		return fmt.Errorf("making the client of ProwJobs: %w", err)
	}
	if h.kube, err = kubernetes.NewForConfig(c); err != nil {
		return fmt.Errorf("making the client of ConfigMaps: %w", err)
	}
	return nil
}

func (h *horologium) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /{$}", event.Handler(h.handle))
	return mux
}

// handle starts what is due. A second event waits for the first: what became
// due meanwhile is its own.
func (h *horologium) handle(ctx context.Context, _ event.Event) error {
	ctx, cancel := context.WithTimeout(ctx, tickTimeout)
	defer cancel()
	h.running.Lock()
	defer h.running.Unlock()
	return h.tick(ctx, h.config(), h.now().Add(skew))
}

// tick is one look, with one state of the configuration.
func (h *horologium) tick(ctx context.Context, c *config.Config, now time.Time) error {
	timetable, err := timetableOf(c)
	if err != nil {
		return event.Permanent(err)
	}
	record, err := h.readRecord(ctx, c.ProwJobNamespace)
	if err != nil {
		return err
	}
	runs, err := h.latestRuns(ctx, c.ProwJobNamespace)
	if err != nil {
		return err
	}
	decision := schedule.Decide(timetable, runs, record.Record, now)
	if err := h.start(ctx, c, decision.Due, now); err != nil {
		return err
	}
	logging.FromContext(ctx).Infow("looked at the periodics", "periodics", len(timetable), "due", len(decision.Due), "worked", record.Worked)
	if !decision.Changed {
		return nil
	}
	return h.writeRecord(ctx, c.ProwJobNamespace, record, decision.Record)
}

// timetableOf is when the periodics run.
func timetableOf(c *config.Config) ([]schedule.Job, error) {
	periodics := c.Periodics()
	timetable := make([]schedule.Job, len(periodics))
	for i := range periodics {
		var err error
		if timetable[i], err = schedule.New(periodics[i]); err != nil {
			return nil, err // which the loader would have found
		}
	}
	return timetable, nil
}
