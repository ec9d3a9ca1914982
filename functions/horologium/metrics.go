// SPDX-License-Identifier: Apache-2.0

package horologium

import "github.com/prometheus/client_golang/prometheus"

// metrics are of this process, which may last for one event.
type metrics struct {
	started, refused, failed prometheus.Counter
	late                     prometheus.Histogram
}

func newMetrics(registry prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	m := &metrics{
		started: counter("cutwater_horologium_started_total", "Runs of periodics that were started."),
		refused: counter("cutwater_horologium_refused_total", "Runs of periodics that the API server refused for good."),
		failed:  counter("cutwater_horologium_failed_total", "Failures to start a run of a periodic, which is tried again."),
		late: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "cutwater_horologium_late_seconds",
			Help:    "How long after it was due, and the run before had ended, a run was started.",
			Buckets: []float64{1, 2, 5, 10, 30, 60, 120, 300, 3600, 86400},
		}),
	}
	registry.MustRegister(m.started, m.refused, m.failed, m.late)
	return m
}
