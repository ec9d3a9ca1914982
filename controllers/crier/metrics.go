// SPDX-License-Identifier: Apache-2.0

package crier

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are crier's, by Prow's names.
type metrics struct {
	latency *prometheus.HistogramVec
	results *prometheus.CounterVec
}

func newMetrics(registerer prometheus.Registerer) metrics {
	m := metrics{
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "crier_report_latency",
			Help:    "Seconds from the change of a ProwJob's state to its report.",
			Buckets: []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 180, 300, 600, 1200, 1800, 3600},
		}, []string{"reporter"}),
		results: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crier_reporting_results",
			Help: "Reports made, by reporter and result (SUCCESS or ERROR).",
		}, []string{"reporter", "result"}),
	}
	if registerer == nil {
		return m
	}
	m.latency = register(registerer, m.latency)
	m.results = register(registerer, m.results)
	return m
}

// register returns the collector to use: the one of an earlier controller, when there is one.
func register[C prometheus.Collector](registerer prometheus.Registerer, collector C) C {
	var already prometheus.AlreadyRegisteredError
	if errors.As(registerer.Register(collector), &already) {
		if existing, ok := already.ExistingCollector.(C); ok {
			return existing
		}
	}
	return collector
}

func (m metrics) observe(reporter string, latency time.Duration, err error) {
	result := "SUCCESS"
	if err != nil {
		result = "ERROR"
	} else {
		m.latency.WithLabelValues(reporter).Observe(latency.Seconds())
	}
	m.results.WithLabelValues(reporter, result).Inc()
}
