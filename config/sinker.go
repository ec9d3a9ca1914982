// SPDX-License-Identifier: Apache-2.0

package config

import (
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Sinker configures when old ProwJobs and pods are deleted.
type Sinker struct {
	// ResyncPeriod is Prow's time between two cleanings; 1h when unset. It is not
	// used: the PingSource "sinker" says when, which is every hour.
	ResyncPeriod *prowv1.Duration `json:"resync_period,omitempty"`
	// MaxProwJobAge is how long complete ProwJobs are kept; 168h when unset.
	MaxProwJobAge *prowv1.Duration `json:"max_prowjob_age,omitempty"`
	// MaxPodAge is how long pods are kept; 24h when unset.
	MaxPodAge *prowv1.Duration `json:"max_pod_age,omitempty"`
	// TerminatedPodTTL is how long pods are kept after they ended; MaxPodAge when unset.
	TerminatedPodTTL *prowv1.Duration `json:"terminated_pod_ttl,omitempty"`
	// ExcludeClusters are not cleaned.
	ExcludeClusters []string `json:"exclude_clusters,omitempty"`
}

func (s *Sinker) setDefaults() {
	fillDuration(&s.ResyncPeriod, time.Hour)
	fillDuration(&s.MaxProwJobAge, 7*24*time.Hour)
	fillDuration(&s.MaxPodAge, 24*time.Hour)
	fillDuration(&s.TerminatedPodTTL, s.MaxPodAge.Duration)
}
