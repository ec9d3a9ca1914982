// SPDX-License-Identifier: Apache-2.0

package config

import (
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Horologium configures how periodics are started.
type Horologium struct {
	// TickInterval is the time between two looks at the periodics; 1m when unset.
	TickInterval *prowv1.Duration `json:"tick_interval,omitempty"`
}

// Tick is TickInterval, or 1m when it is unset.
func (h Horologium) Tick() time.Duration {
	if h.TickInterval == nil {
		return time.Minute
	}
	return h.TickInterval.Duration
}
