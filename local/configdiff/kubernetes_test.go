// SPDX-License-Identifier: Apache-2.0

package configdiff_test

import (
	"path/filepath"
	"testing"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/internal/goldens"
	"github.com/cutwater-ci/cutwater/local/configdiff"
)

func kubernetes(tb testing.TB) configdiff.Side {
	dir := filepath.Join(goldens.Dir(tb), "k8s-test-infra")
	c, err := config.Load(tb.Context(), config.Files{Config: filepath.Join(dir, "config.yaml"), Jobs: filepath.Join(dir, "jobs")})
	if err != nil {
		tb.Fatal(err)
	}
	return configdiff.Side{Jobs: c.Jobs, Root: dir}
}

// TestSameGolden compares the largest real configuration with itself.
func TestSameGolden(t *testing.T) {
	if got := configdiff.Compare(kubernetes(t), kubernetes(t)); !got.Empty() {
		t.Errorf("got %s", got.Text())
	}
}

// BenchmarkSameKubernetes compares it with itself.
func BenchmarkSameKubernetes(b *testing.B) {
	before, after := kubernetes(b), kubernetes(b)
	b.ReportAllocs()
	for b.Loop() {
		if !configdiff.Compare(before, after).Empty() {
			b.Fatal("it differs from itself")
		}
	}
}

// BenchmarkEveryPodOfKubernetes compares it where the pod of every decorated job changes.
func BenchmarkEveryPodOfKubernetes(b *testing.B) {
	before, after := kubernetes(b), kubernetes(b)
	for _, list := range after.Jobs.Presubmits {
		for i := range list {
			list[i].Annotations = map[string]string{"example.com/changed": "yes"}
		}
	}
	for i := range after.Jobs.Periodics {
		after.Jobs.Periodics[i].Annotations = map[string]string{"example.com/changed": "yes"}
	}
	b.ReportAllocs()
	for b.Loop() {
		if len(configdiff.Compare(before, after).Changed) < 5000 {
			b.Fatal("not every job changed")
		}
	}
}
