// SPDX-License-Identifier: Apache-2.0

package hook

import "github.com/prometheus/client_golang/prometheus"

// metrics of hook. The first two have Prow's names.
type metrics struct {
	webhooks  *prometheus.CounterVec
	responses *prometheus.CounterVec
	pending   prometheus.Gauge
	oldest    prometheus.Gauge
	dead      prometheus.Gauge
	resent    prometheus.Counter
	buried    prometheus.Counter
}

func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "prow_webhook_counter",
			Help: "Webhooks received whose signature was right.",
		}, []string{"event_type"}),
		responses: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "prow_webhook_response_codes",
			Help: "Answers given to webhooks.",
		}, []string{"response_code"}),
		pending: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "cutwater_inbox_pending",
			Help: "Deliveries that the last sweep found unfinished.",
		}),
		oldest: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "cutwater_inbox_oldest_pending_seconds",
			Help: "Age of the oldest delivery that the last sweep found unfinished.",
		}),
		dead: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "cutwater_inbox_dead",
			Help: "Deliveries in the inbox that were given up.",
		}),
		resent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "cutwater_inbox_resent_total",
			Help: "Events sent again by sweeps.",
		}),
		buried: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "cutwater_inbox_buried_total",
			Help: "Deliveries given up by this process.",
		}),
	}
	registry.MustRegister(m.webhooks, m.responses, m.pending, m.oldest, m.dead, m.resent, m.buried)
	return m
}
