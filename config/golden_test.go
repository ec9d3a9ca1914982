// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/internal/goldens"
)

// goldenConfigs are the folders with a configuration and its jobs.
func goldenConfigs(tb testing.TB) []string {
	tb.Helper()
	found, err := filepath.Glob(filepath.Join(goldens.Dir(tb), "*", "jobs-defaulted.jsonl.gz"))
	if err != nil || len(found) == 0 {
		tb.Fatalf("no configurations: %v", err)
	}
	var dirs []string
	for _, file := range found {
		dirs = append(dirs, filepath.Dir(file))
	}
	return dirs
}

// goldenFiles are the files of a configuration.
func goldenFiles(dir string) config.Files {
	files := config.Files{Config: filepath.Join(dir, "config.yaml")}
	if jobs := filepath.Join(dir, "jobs"); exists(jobs) {
		files.Jobs = jobs
	}
	if supplemental := filepath.Join(dir, "supplemental"); exists(supplemental) {
		files.SupplementalConfigDirs = []string{supplemental}
	}
	return files
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// TestJobsGolden compares every job, with its defaults and presets, with what Prow makes of it.
func TestJobsGolden(t *testing.T) {
	type line struct {
		Type, Repo, Source string
		Config             map[string]any
	}
	for _, dir := range goldenConfigs(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			c, err := config.Load(context.Background(), goldenFiles(dir))
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range c.Warnings {
				t.Logf("warning: %v", w)
			}
			got := map[string][]any{}
			for repo, list := range c.Jobs.Presubmits {
				for _, p := range list {
					got["presubmit "+repo+" "+p.Name] = append(got["presubmit "+repo+" "+p.Name], p)
				}
			}
			for repo, list := range c.Jobs.Postsubmits {
				for _, p := range list {
					got["postsubmit "+repo+" "+p.Name] = append(got["postsubmit "+repo+" "+p.Name], p)
				}
			}
			for _, p := range c.Periodics() {
				got["periodic  "+p.Name] = append(got["periodic  "+p.Name], p)
			}
			var compared, different int
			goldens.Lines(t, filepath.Join(dir, "jobs-defaulted.jsonl.gz"), func(want line) {
				compared++
				key := want.Type + " " + want.Repo + " " + want.Config["name"].(string)
				if len(got[key]) == 0 {
					t.Errorf("%s: not there", key)
					return
				}
				job := got[key][0]
				got[key] = got[key][1:]
				if got := goldens.Map(t, job); !reflect.DeepEqual(want.Config, got) {
					if different++; different < 5 {
						t.Errorf("%s differs (-want +got):\n%s", key, cmp.Diff(want.Config, got))
					}
				}
			})
			t.Logf("%d jobs compared, %d differ", compared, different)
			for key, left := range got {
				if len(left) > 0 {
					t.Errorf("%s: Prow does not have it", key)
				}
			}
			if different > 0 {
				t.Errorf("%d jobs differ", different)
			}
		})
	}
}

// TestDefaultsGolden compares every top-level key, jobs aside, with what Prow makes of it.
func TestDefaultsGolden(t *testing.T) {
	for _, dir := range goldenConfigs(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			c, err := config.Load(context.Background(), goldenFiles(dir))
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(dir, "config-defaulted.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			var want map[string]any
			if err := yaml.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			got := goldens.Map(t, c)
			for _, key := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got)))))) {
				if diff := cmp.Diff(want[key], got[key]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", key, diff)
				}
			}
		})
	}
}

// BenchmarkLoadKubernetes loads, defaults and validates the largest real configuration.
func BenchmarkLoadKubernetes(b *testing.B) {
	files := goldenFiles(filepath.Join(goldens.Dir(b), "k8s-test-infra"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := config.Load(context.Background(), files); err != nil {
			b.Fatal(err)
		}
	}
}
