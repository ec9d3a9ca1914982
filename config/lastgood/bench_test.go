// SPDX-License-Identifier: Apache-2.0

package lastgood_test

import (
	"path/filepath"
	"testing"

	"github.com/cutwater-ci/cutwater/config/lastgood"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/goldens"
)

// BenchmarkGolden is what Kubernetes' configuration, the largest real one, costs:
// its sum each function that starts, before it loads; and a copy each change.
func BenchmarkGolden(b *testing.B) {
	golden := filepath.Join(goldens.Dir(b), "k8s-test-infra")
	paths := []string{filepath.Join(golden, "config.yaml"), filepath.Join(golden, "jobs")}
	bucket, err := blob.Open(b.Context(), "mem://")
	if err != nil {
		b.Fatal(err)
	}
	sum, err := lastgood.In(bucket, lastgood.Config).Sum(paths)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("sum", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := lastgood.In(bucket, lastgood.Config).Sum(paths); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("copy", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			empty, err := blob.Open(b.Context(), "mem://")
			if err != nil {
				b.Fatal(err)
			}
			if err := lastgood.In(empty, lastgood.Config).Keep(b.Context(), sum, paths); err != nil {
				b.Fatal(err)
			}
		}
	})
}
