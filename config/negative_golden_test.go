// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/internal/goldens"
)

// TestNegativeGolden checks that what Prow refuses is refused and what it loads is loaded.
func TestNegativeGolden(t *testing.T) {
	dir := filepath.Join(goldens.Dir(t), "negative")
	data, err := os.ReadFile(filepath.Join(dir, "negative.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Args       []string
		Case       string
		ConfigLoad string `json:"config_load"`
		Strict     struct{ Exit int }
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Case, func(t *testing.T) {
			files := config.Files{Config: filepath.Join(dir, "cases", c.Case, "config.yaml")}
			if slices.Contains(c.Args, "--job-config-path=jobs") {
				files.Jobs = filepath.Join(dir, "cases", c.Case, "jobs")
			}
			got, err := config.Load(context.Background(), files)
			switch want := c.ConfigLoad; {
			case err == nil && want != "ok":
				t.Errorf("loads, but Prow says: %s", want)
			case err != nil && want == "ok":
				t.Errorf("Prow loads it, but here: %v", err)
			case err != nil:
				t.Logf("Prow: %s\nhere: %v", want, err)
			case c.Case == "unknown_top_level_field" && len(got.Warnings) == 0:
				t.Error("no warning for an unknown key")
			}
		})
	}
}
