// SPDX-License-Identifier: Apache-2.0

package config

import (
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Moonraker configures the clients of the service that reads the jobs in repositories.
type Moonraker struct {
	// ClientTimeout is how long a client waits for an answer; 10m when unset.
	ClientTimeout *prowv1.Duration `json:"client_timeout,omitempty"`
}

func (m *Moonraker) setDefaults() { fillDuration(&m.ClientTimeout, 10*time.Minute) }
