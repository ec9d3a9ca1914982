// SPDX-License-Identifier: Apache-2.0

package plugins_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/internal/goldens"
)

// goldenFolders are the folders with a plugins.yaml and what Prow makes of it.
func goldenFolders(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(goldens.Dir(t), "*", "plugins-defaulted.yaml"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no configurations: %v", err)
	}
	for i, file := range found {
		found[i] = filepath.Dir(file)
	}
	return found
}

func goldenFiles(dir string) plugins.Files {
	files := plugins.Files{Config: filepath.Join(dir, "plugins.yaml")}
	if supplemental := filepath.Join(dir, "supplemental"); exists(supplemental) {
		files.SupplementalDirs = []string{supplemental}
	}
	return files
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// TestConfigurationGolden compares every key, with its defaults and with what
// supplemental files add, with what Prow makes of it.
func TestConfigurationGolden(t *testing.T) {
	for _, dir := range goldenFolders(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			got, err := plugins.Load(context.Background(), goldenFiles(dir))
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(dir, "plugins-defaulted.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			var want map[string]any
			if err := yaml.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, goldens.Map(t, got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestKnownGolden compares the names of plugins with those that Prow has.
func TestKnownGolden(t *testing.T) {
	for _, dir := range goldenFolders(t) {
		data, err := os.ReadFile(filepath.Join(dir, "plugin-help.json.gz"))
		if err != nil {
			t.Fatal(err)
		}
		unzipped, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		var help struct{ PluginHelp map[string]any }
		if err := json.NewDecoder(unzipped).Decode(&help); err != nil {
			t.Fatal(err)
		}
		want, got := slices.Sorted(maps.Keys(help.PluginHelp)), slices.Sorted(maps.Keys(plugins.Known()))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", filepath.Base(dir), diff)
		}
	}
}

// message is a line of the log of Prow's checkconfig.
type message struct{ Level, Msg, Error string }

// unknownFields begins what Prow, when it is strict, refuses a file for.
const unknownFields = "unknown fields or bad config in plugins.yaml"

// said are the messages of Prow about plugins.yaml that are no errors, and what there is of each here.
func said() map[string]func(c *plugins.Configuration) bool {
	notice := func(path, message string) func(c *plugins.Configuration) bool {
		return func(c *plugins.Configuration) bool {
			return slices.ContainsFunc(c.Notices, func(p document.Problem) bool {
				return strings.HasSuffix(p.Path, path) && strings.Contains(p.Message, message)
			})
		}
	}
	return map[string]func(c *plugins.Configuration) bool{
		"no plugins specified":                    notice("plugins", "none are enabled"),
		"deprecated config style":                 notice("plugins", "older form"),
		"trusted_org functionality is deprecated": notice("trusted_org", "deprecated"),
		"deprecated field: maintainers_id":        notice("maintainers_id", "deprecated"),
		"dependent_bug_target_releases instead":   notice("dependent_bug_target_release", "deprecated"),
		unknownFields:                             func(c *plugins.Configuration) bool { return len(c.Warnings) > 0 },
	}
}

// checkVerdict compares what Prow's checkconfig says of plugins.yaml with what is found here.
func checkVerdict(t *testing.T, files plugins.Files, messages []message) {
	t.Helper()
	got, err := plugins.Load(context.Background(), files)
	var refused string
	for _, m := range messages {
		if strings.Contains(m.Error, "error loading Prow plugin config") {
			refused = m.Error
		}
	}
	switch {
	case err != nil && refused == "":
		t.Fatalf("Prow takes it, but here: %v", err)
	case err != nil:
		t.Logf("Prow: %s\nhere: %v", refused, err)
		return
	case refused != "" && len(got.Unknown) == 0:
		t.Fatalf("nothing is wrong here, but Prow says: %s", refused)
	case refused == "" && len(got.Unknown) > 0:
		t.Errorf("Prow knows all names, but here: %v", document.Problems(got.Unknown))
	}
	for _, p := range got.Unknown {
		_, name, _ := strings.Cut(strings.SplitN(p.Message, ";", 2)[0], "nobody has a plugin ")
		if !strings.Contains(refused, "unknown plugin: "+name) {
			t.Errorf("here: %v, but Prow says only: %s", p, refused)
		}
	}
	says := func(part string) bool {
		return slices.ContainsFunc(messages, func(m message) bool { return strings.Contains(m.Msg, part) })
	}
	own := func(p document.Problem) bool { // Prow is strict with this file alone, and not with all of it
		key := strings.FieldsFunc(p.Path, func(r rune) bool { return r == '.' || r == '[' })[0]
		return p.File == files.Config && key != "plugins" && key != "config_updater"
	}
	if refused == "" && !says(unknownFields) && slices.ContainsFunc(got.Warnings, own) {
		t.Errorf("Prow takes it even strictly, but here: %v", document.Problems(got.Warnings))
	}
	for part, here := range said() {
		if says(part) && !here(got) {
			t.Errorf("Prow says %q, but here is only: %v", part, document.Problems(got.Odd()))
		}
	}
}

// TestNegativeGolden checks that what Prow refuses is refused, what it takes is
// taken, and what it warns of is warned of, in the cases with a plugins.yaml.
func TestNegativeGolden(t *testing.T) {
	dir := filepath.Join(goldens.Dir(t), "negative")
	data, err := os.ReadFile(filepath.Join(dir, "negative.json"))
	if err != nil {
		t.Fatal(err)
	}
	type run struct{ Messages []message }
	var cases []struct {
		Args          []string
		Case          string
		Plain, Strict run
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	var compared int
	for _, c := range cases {
		if !slices.Contains(c.Args, "--plugin-config=plugins.yaml") {
			continue
		}
		compared++
		t.Run(c.Case, func(t *testing.T) {
			files := plugins.Files{Config: filepath.Join(dir, "cases", c.Case, "plugins.yaml")}
			checkVerdict(t, files, append(c.Plain.Messages, c.Strict.Messages...))
		})
	}
	if compared == 0 {
		t.Error("no case has a plugins.yaml")
	}
}

// TestCheckedGolden does the same with the real configurations.
func TestCheckedGolden(t *testing.T) {
	for _, dir := range goldenFolders(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			log, err := os.ReadFile(filepath.Join(dir, "checkconfig.log"))
			if err != nil {
				t.Fatal(err)
			}
			var messages []message
			for line := range strings.Lines(string(log)) {
				var m message
				line = strings.Replace(line, `",}`, `"}`, 1) // times were taken out, commas stayed
				if err := json.Unmarshal([]byte(line), &m); err != nil {
					t.Fatalf("%v: %s", err, line)
				}
				messages = append(messages, m)
			}
			checkVerdict(t, goldenFiles(dir), messages)
		})
	}
}
