// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"os"
	"time"

	"k8s.io/client-go/rest"

	"github.com/cutwater-ci/cutwater/deploy"
)

// TB is what Test needs of a testing.TB.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
}

// Test gives a test a control plane of its own, with the ProwJob CRD, and stops
// it at the end. It takes some seconds, so a package's tests do well to share.
func Test(tb TB) *rest.Config {
	tb.Helper()
	return TestPlane(tb).Config
}

// TestPlane is Test for those who need more than the configuration.
func TestPlane(tb TB) *ControlPlane {
	tb.Helper()
	crds, err := deploy.CRDs()
	if err != nil {
		tb.Fatalf("reading the CRDs: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Minute) // the first build is slow
	defer cancel()
	plane, err := Start(ctx, Options{CRDs: crds, Progress: os.Stderr})
	if err != nil {
		tb.Fatalf("starting a control plane: %v", err)
	}
	tb.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			tb.Logf("stopping the control plane: %v", err)
		}
	})
	return plane
}
