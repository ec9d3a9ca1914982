// SPDX-License-Identifier: Apache-2.0

package sinker

import "github.com/prometheus/client_golang/prometheus"

// metrics are of the last cleaning, and have Prow's names.
type metrics struct {
	duration                 prometheus.Gauge
	runs, pods               prometheus.Gauge
	runsCleaned, podsRemoved *prometheus.GaugeVec
	runErrors, podErrors     *prometheus.GaugeVec
}

func newMetrics(registry prometheus.Registerer) *metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	byReason := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"reason"})
	}
	m := &metrics{
		duration:    gauge("sinker_loop_duration_seconds", "How long the last cleaning took."),
		runs:        gauge("sinker_prow_jobs_existing", "ProwJobs that the last cleaning found."),
		pods:        gauge("sinker_pods_existing", "Pods that the last cleaning found."),
		runsCleaned: byReason("sinker_prow_jobs_cleaned", "ProwJobs that the last cleaning deleted."),
		podsRemoved: byReason("sinker_pods_removed", "Pods that the last cleaning deleted."),
		runErrors:   byReason("sinker_prow_jobs_cleaning_errors", "Requests about ProwJobs that failed in the last cleaning."),
		podErrors:   byReason("sinker_pod_removal_errors", "Requests about pods that failed in the last cleaning."),
	}
	registry.MustRegister(m.duration, m.runs, m.pods, m.runsCleaned, m.podsRemoved, m.runErrors, m.podErrors)
	return m
}

// set shows how a cleaning went.
func (m *metrics) set(runs, pods *tally) {
	m.runs.Set(float64(runs.existing))
	m.pods.Set(float64(pods.existing))
	show(m.runsCleaned, runs.done)
	show(m.podsRemoved, pods.done)
	show(m.runErrors, runs.failed)
	show(m.podErrors, pods.failed)
}

func show[K ~string](into *prometheus.GaugeVec, counts map[K]int) {
	into.Reset()
	for reason, n := range counts {
		into.WithLabelValues(string(reason)).Set(float64(n))
	}
}
