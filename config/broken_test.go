// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/internal/txtartest"
)

// TestBroken loads configurations that are wrong, one archive each: its files, and in "want" all errors and warnings.
func TestBroken(t *testing.T) {
	txtartest.Run(t, "testdata/broken/*.txtar", func(t *testing.T, _ string) map[string]string {
		t.Helper()
		return map[string]string{"want": verdict(t)}
	})
}

// verdict is what loading the working folder says.
func verdict(t *testing.T) string {
	t.Helper()
	files := config.Files{Config: "config.yaml"}
	if exists("jobs") {
		files.Jobs = "jobs"
	}
	if exists("supplemental") {
		files.SupplementalConfigDirs = []string{"supplemental"}
	}
	c, err := config.Load(t.Context(), files)
	if err != nil {
		return err.Error() + "\n"
	}
	var b strings.Builder
	for _, w := range c.Warnings {
		b.WriteString("warning: " + w.Error() + "\n")
	}
	return b.String()
}

// TestHuge refuses a file that is larger than any configuration, without reading it.
func TestHuge(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("config.yaml", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate("config.yaml", 1<<40); err != nil {
		t.Fatal(err)
	}
	if want, got := "config.yaml: is larger than 256 MiB\n", verdict(t); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
