// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are Prow's, of the same names and labels.
type metrics struct {
	duration *prometheus.HistogramVec
	errors   *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) metrics {
	labels := []string{"event_type", "action", "plugin", "took_action"}
	m := metrics{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "prow_plugin_handle_duration_seconds",
			Help:    "How long plugins take over events.",
			Buckets: []float64{0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 240},
		}, labels),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "prow_plugin_handle_errors",
			Help: "How often plugins failed on events.",
		}, labels),
	}
	r.MustRegister(m.duration, m.errors)
	return m
}

func (m metrics) handled(t task, acted, failed bool, took time.Duration) {
	labels := []string{t.event, t.action, t.name, strconv.FormatBool(acted)}
	m.duration.WithLabelValues(labels...).Observe(took.Seconds())
	if failed {
		m.errors.WithLabelValues(labels...).Inc()
	}
}
