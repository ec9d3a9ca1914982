// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// Environment is what the controller reads, besides PORT, HOST, LOG_LEVEL and
// GRACE_PERIOD, which are those of every function.
type Environment struct {
	// ConfigPath is Prow's config.yaml.
	ConfigPath string `env:"CONFIG_PATH,required"`
	// JobConfigPath is a job file or a folder of them, of which schedule reads when periodics run. What
	// is to run is in the ProwJob.
	JobConfigPath string `env:"JOB_CONFIG_PATH"`
	// SupplementalConfigDirs are folders with more of it, in files that end in _prowconfig.yaml.
	SupplementalConfigDirs []string `env:"SUPPLEMENTAL_PROW_CONFIG_DIRS"`
	// Kubeconfig is the cluster with the ProwJobs; empty means the one that this runs in.
	Kubeconfig string `env:"KUBECONFIG"`

	// Controllers are those to run: plank, crier, which reports to GitHub, crier-bucket, which reports to
	// buckets, and schedule, which keeps horologium's PingSources.
	Controllers []string `env:"CONTROLLERS,default=plank,crier,crier-bucket,schedule"`
	// Namespace is where horologium and its PingSources are; prowjob_namespace when empty.
	Namespace string `env:"POD_NAMESPACE"`
	// Bucket has the inbox, and in it a copy of the last good configuration, for when the
	// files are wrong: gs://, s3:// or file:///. Empty means that there is no copy.
	Bucket string `env:"BUCKET"`
	// Credentials open it, and the buckets that crier-bucket writes to, if the usual ways do not.
	Credentials blob.Credentials
	// LeaderElection is how long a lease lasts, within which time it must be renewed, and how often
	// that is tried, divided by slashes. A lease that is not renewed any more is another's within the first and
	// 2 × 2.2 times the third, 18.5 s: others look at it every 1 to 2.2 times the third, once to see
	// the last renewal and once to see that there was no other. "off" is for a single replica that may be killed and started at once.
	LeaderElection string `env:"LEADER_ELECTION,default=15s/10s/800ms"`
	// Identity tells replicas apart. One that is started again under the same name need not wait for its old lease.
	Identity string `env:"POD_NAME"`

	// TotURL is a tot service, which hands out build IDs; empty means that plank makes them itself.
	TotURL string `env:"TOT_URL"`

	// GitHub is where and who the reporter is.
	GitHub github.Environment
}

// election is the timing of leases.
type election struct {
	lease, renew, retry time.Duration
}

var errElection = errors.New(`LEADER_ELECTION must be "off" or three times, longest first, such as 15s/10s/800ms, and the first in whole seconds`)

// parseElection reads LEADER_ELECTION; nil is "off".
func parseElection(s string) (*election, error) {
	if s == "off" {
		return nil, nil
	}
	parts := strings.Split(s, "/")
	if len(parts) != 3 {
		return nil, fmt.Errorf("%w: %q", errElection, s)
	}
	var e election
	for i, into := range []*time.Duration{&e.lease, &e.renew, &e.retry} {
		d, err := time.ParseDuration(parts[i])
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errElection, err)
		}
		*into = d
	}
	// A lease says how long it lasts in seconds, and the last is what the Kubernetes library demands.
	if e.lease%time.Second != 0 || e.retry <= 0 || e.lease <= e.renew || float64(e.renew) <= 1.2*float64(e.retry) {
		return nil, fmt.Errorf("%w: %q", errElection, s)
	}
	return &e, nil
}
