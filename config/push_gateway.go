// SPDX-License-Identifier: Apache-2.0

package config

import (
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// PushGateway configures where metrics are pushed to.
type PushGateway struct {
	// Endpoint is the URL of a Prometheus push gateway; nothing is pushed when it is empty.
	Endpoint string `json:"endpoint,omitempty"`
	// Interval is the time between two pushes; 1m when unset.
	Interval *prowv1.Duration `json:"interval,omitempty"`
	// ServeMetrics makes the processes serve their metrics as well.
	ServeMetrics bool `json:"serve_metrics"`
}

func (p *PushGateway) setDefaults() { fillDuration(&p.Interval, time.Minute) }
