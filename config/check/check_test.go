// SPDX-License-Identifier: Apache-2.0

package check_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/check"
	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/internal/goldens"
)

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// filesIn are the files of a configuration that a folder has.
func filesIn(dir string) check.Files {
	files := check.Files{Config: config.Files{Config: filepath.Join(dir, "config.yaml")}}
	if name := filepath.Join(dir, "plugins.yaml"); exists(name) {
		files.Plugins = plugins.Files{Config: name}
	}
	if name := filepath.Join(dir, "jobs"); exists(name) {
		files.Config.Jobs = name
	}
	if name := filepath.Join(dir, "supplemental"); exists(name) {
		files.Config.SupplementalConfigDirs = []string{name}
		files.Plugins.SupplementalDirs = []string{name}
	}
	return files
}

// report is what the checks say about files.
func report(tb testing.TB, files check.Files, selection check.Selection) check.Report {
	tb.Helper()
	checks, odd, err := selection.Select()
	if err != nil {
		tb.Fatal(err)
	}
	in, found := check.Load(tb.Context(), files)
	return check.Run(in, checks, append(odd, found...))
}

// BenchmarkCheckKubernetes loads and checks the largest real configuration.
func BenchmarkCheckKubernetes(b *testing.B) {
	files := filesIn(filepath.Join(goldens.Dir(b), "k8s-test-infra"))
	b.ReportAllocs()
	for b.Loop() {
		if r := report(b, files, check.Selection{}); r.Count(check.Warning) == 0 {
			b.Fatal("nothing is found")
		}
	}
}
