// SPDX-License-Identifier: Apache-2.0

package plugins_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/config/reload"
	functions "github.com/cutwater-ci/cutwater/functions/plugins"
	"github.com/cutwater-ci/cutwater/internal/txtartest"
)

// write puts an archive into a folder: plugins.yaml, and supplemental files below more.
func write(t *testing.T, archive *txtar.Archive) (plugins.Files, string) {
	t.Helper()
	dir := t.TempDir()
	txtartest.Unpack(t, dir, archive)
	return filesIn(dir), dir
}

// filesIn are the files of a configuration that a folder has.
func filesIn(dir string) plugins.Files {
	files := plugins.Files{Config: filepath.Join(dir, "plugins.yaml")}
	if supplemental := filepath.Join(dir, "more"); exists(supplemental) {
		files.SupplementalDirs = []string{supplemental}
	}
	return files
}

// load loads a configuration that is good.
func load(t *testing.T, archive string) *plugins.Configuration {
	t.Helper()
	if !strings.Contains(archive, "-- plugins.yaml --\n") {
		archive = "-- plugins.yaml --\n" + archive
	}
	files, _ := write(t, txtar.Parse([]byte(archive)))
	c, err := plugins.Load(context.Background(), files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestVerdicts loads configurations with something odd, one archive each: its
// files, and in "want" all errors, or all warnings, notices and unknown names.
func TestVerdicts(t *testing.T) {
	txtartest.Run(t, "testdata/*.txtar", func(*testing.T, string) map[string]string {
		return map[string]string{"want": verdict(filesIn(""))}
	})
}

func verdict(files plugins.Files) string {
	c, err := plugins.Load(context.Background(), files)
	if err != nil {
		return err.Error() + "\n"
	}
	var b strings.Builder
	for _, kind := range []struct {
		name     string
		problems []document.Problem
	}{{"unknown", c.Unknown}, {"warning", c.Warnings}, {"notice", c.Notices}} {
		for _, p := range kind.problems {
			b.WriteString(kind.name + ": " + p.Error() + "\n")
		}
	}
	return b.String()
}

// What is said to be there is there, and the other way round.
func TestKnownPluginsAreThere(t *testing.T) {
	got := map[string]bool{}
	for _, p := range functions.All(functions.Clients{}) {
		got[p.Name] = true
	}
	want := map[string]bool{}
	for name, here := range plugins.Known() {
		if here {
			want[name] = true
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Known and functions/plugins.All differ (-Known +All):\n%s", diff)
	}
}

func TestStoreStartsAndSaysWhatIsOdd(t *testing.T) {
	files, dir := write(t, txtar.Parse([]byte("-- plugins.yaml --\nplugns: {}\nplugins:\n  org: {plgins: [hold], plugins: [hodl, wip]}\napprove: []\n")))
	s, err := plugins.NewStore(t.Context(), files, reload.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"plugins.yaml:1: plugns: is not known; did you mean plugins?",
		"plugins.yaml:3: plugins.org.plgins: is not known; did you mean plugins?",
		"plugins.yaml:3: plugins[org].plugins[0]: nobody has a plugin hodl; did you mean hold?",
		"plugins.yaml:3: plugins[org].plugins[1]: the plugin wip is not there yet, and does nothing",
	}, "\n")
	if diff := cmp.Diff(want, strings.ReplaceAll(document.Problems(s.Load().Odd()).Error(), dir+"/", "")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("plugins:\n  org: [trigger]\n  org/repo: {plugins: [hold], excluded_repos: [x]}\n", "triggers: [{repos: [org], trusted_org: org}]\n")
	f.Add("external_plugins: {org: [{name: a, events: [push]}]}\n", "label: {restricted_labels: {'*': [{label: a}]}}\nplugins: {org: [a]}\n")
	f.Add("plugins: {org: &a [b], c: *a, d: [[]], e: x}\n", "- plugins\n")
	f.Add("config_updater: {maps: {a: {cluster_groups: [b]}}, cluster_groups: {b: {clusters: [c], namespaces: [d]}}}\n", "bugzilla: {default: {'*': {}}, orgs: {a: {repos: {b: {}}}}}\n")
	f.Add("blockades: [{blockregexps: ['(']}]\nsize: {s: 1}\ndco: {'*': ~}\n", "approve: [{repos: [a, a]}]\nwelcome: [{message_template: '{{'}]\n")
	f.Fuzz(func(t *testing.T, main, more string) {
		files, dir := write(t, &txtar.Archive{})
		files.SupplementalDirs = []string{dir}
		for name, text := range map[string]string{files.Config: main, filepath.Join(dir, "_pluginconfig.yaml"): more} {
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		c, err := plugins.Load(context.Background(), files)
		if (c == nil) == (err == nil) {
			t.Errorf("got %v and %v", c, err)
		}
	})
}
