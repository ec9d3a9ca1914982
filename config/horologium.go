// SPDX-License-Identifier: Apache-2.0

package config

import prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"

// Horologium configures how periodics are started.
type Horologium struct {
	// TickInterval is Prow's time between two looks at the periodics. It is not
	// used: they are looked at when one is due.
	TickInterval *prowv1.Duration `json:"tick_interval,omitempty"`
}
