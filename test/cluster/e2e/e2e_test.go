// SPDX-License-Identifier: Apache-2.0

//go:build e2e

// Package e2e shows on a real cluster what no test on one machine can: that
// Cutwater's functions scale to zero and back, and that it survives.
//
// Started by `make e2e`, as root, beside a cluster of test/cluster with Cutwater
// on it; E2E_CLUSTER says which. Stories follow one another, since most change
// what the next one would measure: `-run /periodic` tells one alone. Figures are
// noted and not judged, for machines differ; they are in figures.txt of the
// folder E2E_DIR.
package e2e

import (
	"testing"
	"time"
)

// patience is how long a story waits for what must happen. It happens in
// seconds, or within a minute or two where Knative waits by itself; a busy
// machine may take far longer.
const patience = 8 * time.Minute

// TestCluster tells the stories.
func TestCluster(t *testing.T) {
	w := open(t)
	t.Run("from-zero", func(t *testing.T) { fromZero(t, w) })
	t.Run("killed", func(t *testing.T) { killed(t, w) })
	t.Run("replicas", func(t *testing.T) { replicas(t, w) })
	t.Run("upgrade", func(t *testing.T) { upgrade(t, w) })
	// These wait for most of their time, and do not disturb each other.
	t.Run("periodic", func(t *testing.T) { t.Parallel(); periodic(t, w) })
	t.Run("letters", func(t *testing.T) { t.Parallel(); letters(t, w) })
}
