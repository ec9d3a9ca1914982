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
	swept     prometheus.Gauge
	resent    prometheus.Counter
	buried    prometheus.Counter
	missing   prometheus.Gauge
	asked     prometheus.Counter
	refused   prometheus.Gauge

	deadLetters prometheus.Counter
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
		swept: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "cutwater_inbox_swept_timestamp_seconds",
			Help: "When the last sweep of this process ended, in seconds since 1970; 0 before the first.",
		}),
		resent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "cutwater_inbox_resent_total",
			Help: "Events sent again by sweeps.",
		}),
		buried: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "cutwater_inbox_buried_total",
			Help: "Deliveries given up by this process.",
		}),
		missing: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "cutwater_inbox_missing",
			Help: "Deliveries that did not arrive, as the last sweep knew.",
		}),
		asked: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "cutwater_inbox_asked_total",
			Help: "Deliveries that GitHub was asked to send again.",
		}),
		refused: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "cutwater_inbox_refused_owners",
			Help: "Owners of webhooks that the last sweep could not look at, for lack of rights.",
		}),
		deadLetters: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "cutwater_dead_letters_total",
			Help: "Events that the broker gave up.",
		}),
	}
	registry.MustRegister(m.webhooks, m.responses, m.pending, m.oldest, m.dead, m.swept, m.resent, m.buried, m.missing, m.asked, m.refused, m.deadLetters)
	return m
}
