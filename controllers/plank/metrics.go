// SPDX-License-Identifier: Apache-2.0

package plank

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/tools/cache"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// metrics count ProwJobs of all agents, by Prow's names. Each replica sees all
// of them, so only the leader tells.
type metrics struct {
	jobs        cache.Indexer
	leads       func() bool
	present     *prometheus.Desc
	transitions *prometheus.CounterVec
}

// series are the labels of both metrics, in order.
type series [9]string

func newMetrics(jobs cache.Indexer, leads func() bool) *metrics {
	labels := []string{"job_namespace", "job_name", "type", "state", "org", "repo", "base_ref", "cluster", "retest"}
	return &metrics{
		jobs:    jobs,
		leads:   leads,
		present: prometheus.NewDesc("prowjobs", "ProwJobs that exist.", labels, nil),
		transitions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "prowjob_state_transitions",
			Help: "States that ProwJobs have entered.",
		}, labels),
	}
}

// register makes the metrics known and follows the informer.
func (m *metrics) register(registerer prometheus.Registerer, informer cache.SharedIndexInformer) error {
	for _, collector := range []prometheus.Collector{m, m.transitions} {
		if err := registerer.Register(collector); err != nil {
			return fmt.Errorf("registering metrics of ProwJobs: %w", err)
		}
	}
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(obj any, initial bool) {
			if !initial {
				m.entered(nil, obj)
			}
		},
		UpdateFunc: m.entered,
	}); err != nil {
		return fmt.Errorf("watching ProwJobs for metrics: %w", err)
	}
	return nil
}

func (m *metrics) entered(before, after any) {
	pj, ok := after.(*prowv1.ProwJob)
	if old, had := before.(*prowv1.ProwJob); !ok || had && old.Status.State == pj.Status.State || !m.leads() {
		return
	}
	labels := seriesOf(pj)
	m.transitions.WithLabelValues(labels[:]...).Inc()
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(out chan<- *prometheus.Desc) { out <- m.present }

// Collect implements prometheus.Collector.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	if !m.leads() {
		return
	}
	counts := map[series]int{}
	for _, obj := range m.jobs.List() {
		if pj, ok := obj.(*prowv1.ProwJob); ok {
			counts[seriesOf(pj)]++
		}
	}
	for labels, n := range counts {
		out <- prometheus.MustNewConstMetric(m.present, prometheus.GaugeValue, float64(n), labels[:]...)
	}
}

func seriesOf(pj *prowv1.ProwJob) series {
	refs := pj.Spec.MainRefs()
	if refs == nil {
		refs = &prowv1.Refs{}
	}
	retest := "false"
	if pj.Labels[prowv1.RetestLabel] == "true" {
		retest = "true"
	}
	return series{
		pj.Namespace, pj.Spec.Job, string(pj.Spec.Type), string(pj.Status.State),
		refs.Org, refs.Repo, refs.BaseRef, pj.ClusterAlias(), retest,
	}
}
