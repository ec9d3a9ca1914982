// SPDX-License-Identifier: Apache-2.0

package reload

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics tell whether the files are as they should be.
type metrics struct {
	errors  *prometheus.CounterVec
	success *prometheus.GaugeVec
}

func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	counter, err := register(registerer, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "cutwater_config_reload_errors_total",
		Help: "Changes of the configuration that were refused because they are wrong.",
	}, []string{"config"}))
	if err != nil {
		return nil, err
	}
	gauge, err := register(registerer, prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "cutwater_config_last_reload_success",
		Help: "1 when the configuration in force is what the files say, 0 when they are wrong and an older one is in force.",
	}, []string{"config"}))
	if err != nil {
		return nil, err
	}
	return &metrics{errors: counter, success: gauge}, nil
}

// register registers a metric, or finds it when an earlier store of this process has.
func register[C prometheus.Collector](registerer prometheus.Registerer, c C) (C, error) {
	err := registerer.Register(c)
	var registered prometheus.AlreadyRegisteredError
	if errors.As(err, &registered) {
		if existing, ok := registered.ExistingCollector.(C); ok {
			return existing, nil
		}
	}
	if err != nil {
		return c, fmt.Errorf("registering metrics: %w", err)
	}
	return c, nil
}

func (m *metrics) failed(config string) {
	m.errors.WithLabelValues(config).Inc()
	m.success.WithLabelValues(config).Set(0)
}

func (m *metrics) succeeded(config string) {
	m.errors.WithLabelValues(config).Add(0)
	m.success.WithLabelValues(config).Set(1)
}
