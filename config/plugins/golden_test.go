// SPDX-License-Identifier: Apache-2.0

package plugins_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/yaml"

	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/internal/goldens"
)

// TestConfigurationGolden compares the keys that have a type with what Prow makes of them.
func TestConfigurationGolden(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(goldens.Dir(t), "*", "plugins-defaulted.yaml"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no configurations: %v", err)
	}
	for _, defaulted := range found {
		dir := filepath.Dir(defaulted)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			files := plugins.Files{Config: filepath.Join(dir, "plugins.yaml")}
			if supplemental := filepath.Join(dir, "supplemental"); exists(supplemental) {
				files.SupplementalDirs = []string{supplemental}
			}
			got, err := plugins.Load(context.Background(), files)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range got.Warnings {
				t.Logf("warning: %v", w)
			}
			text, err := os.ReadFile(defaulted)
			if err != nil {
				t.Fatal(err)
			}
			var want plugins.Configuration
			if err := yaml.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&want, got, cmpopts.IgnoreFields(plugins.Configuration{}, "Rest", "Warnings"), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
