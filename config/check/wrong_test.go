// SPDX-License-Identifier: Apache-2.0

package check_test

import (
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/check"
	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/internal/txtartest"
)

// TestReads makes an error at each key that a check reads, which keeps the
// check, and nothing else that does not read it, from being run.
func TestReads(t *testing.T) {
	all := check.All()
	keys := map[string]bool{}
	for _, c := range all {
		for _, key := range c.Reads {
			keys[key] = true
		}
	}
	for key := range keys {
		t.Run(key, func(t *testing.T) {
			dir := t.TempDir()
			files := check.Files{
				Config:  config.Files{Config: filepath.Join(dir, "config.yaml")},
				Plugins: plugins.Files{Config: filepath.Join(dir, "plugins.yaml")},
			}
			write(t, files.Config.Config, key+": [[]]\n")
			write(t, files.Plugins.Config, "plugins: {org: {plugins: [hold]}}\n")
			var want []string
			for _, c := range all {
				for _, read := range c.Reads {
					if read == key {
						want = append(want, c.Name)
					}
				}
			}
			in, found := check.Load(t.Context(), files)
			r := check.Run(in, all, found)
			if r.Count(check.Error) != 1 {
				t.Errorf("%s is no key of config.yaml, or may be a list of lists: %+v", key, r.Findings)
			}
			if got := notRun(r); got != strings.Join(want, ", ") {
				t.Errorf("not run are %s, want %s", got, strings.Join(want, ", "))
			}
		})
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// notRun are the checks that a report says are not run.
func notRun(r check.Report) string {
	for _, f := range r.Findings {
		if _, names, ok := strings.Cut(f.Message, "checks are not run, because of errors in what they look at: "); ok {
			return names
		}
	}
	return ""
}

// A supplement that cannot be read may have had anything that supplements may set.
func TestUnreadableSupplement(t *testing.T) {
	const want = "tide-strict-branch, tide-context-policy, needs-ok-to-test, validate-unmanaged-branchconfig-has-no-subconfig"
	for _, name := range []string{"supplemental/org/_prowconfig.yaml", "elsewhere/notes.txt"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "config.yaml"), "{}\n")
			write(t, filepath.Join(dir, name), "tide: [\n")
			files := check.Files{Config: config.Files{
				Config: filepath.Join(dir, "config.yaml"), SupplementalConfigDirs: []string{filepath.Join(dir, "supplemental")},
			}}
			if r := report(t, files, check.Selection{}); r.Count(check.Error) != 1 || notRun(r) != want {
				t.Errorf("not run are %s, want %s: %+v", notRun(r), want, r.Findings)
			}
		})
	}
}

// FuzzRun: whatever a configuration has in it, all checks get through it, and
// what they find has a place.
func FuzzRun(f *testing.F) {
	for _, name := range txtartest.Find(f, "testdata/*.txtar") {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if strings.Contains(name, "laughs") {
			continue // It takes seconds, which leaves few tries.
		}
		text := map[string]string{}
		for _, file := range archive.Files {
			text[path.Base(file.Name)] = string(file.Data)
		}
		f.Add(text["config.yaml"], text["a.yaml"], text["plugins.yaml"])
	}
	facts := check.Facts{
		Clusters: map[string]string{"default": "Reachable"}, AppOrgs: []string{},
		OrgRepos: map[string][]string{"org": {"org/repo"}}, RootOwners: map[string]bool{"org/repo": false},
	}
	f.Fuzz(func(t *testing.T, main, jobs, pluginsYAML string) {
		dir := t.TempDir()
		files := check.Files{
			Config:  config.Files{Config: filepath.Join(dir, "config.yaml"), Jobs: filepath.Join(dir, "a.yaml")},
			Plugins: plugins.Files{Config: filepath.Join(dir, "plugins.yaml")},
		}
		write(t, files.Config.Config, main)
		write(t, files.Config.Jobs, jobs)
		write(t, files.Plugins.Config, pluginsYAML)
		in, found := check.Load(t.Context(), files)
		in.Facts, in.Annotations = facts, []string{"owner"}
		for _, f := range check.Run(in, check.All(), found).Findings {
			if f.Level == check.Error && f.File == "" {
				t.Errorf("an error without a place: %+v", f)
			}
		}
	})
}
