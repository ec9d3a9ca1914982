// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/tools/txtar"
	"k8s.io/apimachinery/pkg/api/resource"
)

// unpacked are the files of an archive, in a new folder.
func unpacked(tb testing.TB, text string) (dir string, files Files) {
	tb.Helper()
	dir = tb.TempDir()
	apply(tb, dir, text)
	return dir, Files{
		Config: filepath.Join(dir, "config.yaml"), Jobs: filepath.Join(dir, "jobs"),
		SupplementalConfigDirs: []string{filepath.Join(dir, "more")},
	}
}

// apply writes the files of an archive and removes those that are empty.
func apply(tb testing.TB, dir, text string) {
	tb.Helper()
	for _, file := range txtar.Parse([]byte(text)).Files {
		name := filepath.Join(dir, file.Name)
		if len(file.Data) == 0 {
			if err := os.Remove(name); err != nil {
				tb.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(name, file.Data, 0o644); err != nil {
			tb.Fatal(err)
		}
	}
}

// difference compares configurations with everything in them, private fields and
// places too. Expressions and templates are compared as texts: some have been compiled already.
func difference(want, got *Config) string {
	options := cmp.Options{
		cmp.Exporter(func(reflect.Type) bool { return true }),
		cmpopts.IgnoreTypes(&sync.Once{}, sync.Once{}),
		cmp.Comparer(func(a, b *regexp.Regexp) bool { return a == nil || b == nil || a.String() == b.String() }),
		cmp.Comparer(func(a, b *template.Template) bool {
			return (a == nil) == (b == nil) && (a == nil || a.Root.String() == b.Root.String())
		}),
		cmp.Comparer(func(a, b resource.Quantity) bool { return reflect.DeepEqual(a, b) }),
	}
	if want != nil && got != nil && reflect.DeepEqual(want.Jobs, got.Jobs) { // Much faster.
		options = append(options, cmpopts.IgnoreFields(Config{}, "Jobs"))
	}
	return cmp.Diff(want, got, options)
}

// follow loads again and again, and checks that each time gives what a fresh load
// gives, and that what was loaded before does not change.
type follow struct {
	loader *loader
	dir    string
	loaded []*Config
	fresh  []*Config
}

// step loads, and returns the names of the job files that were read.
func (f *follow) step(t *testing.T) []string {
	t.Helper()
	before := f.loader.kept
	got, gotErr := f.loader.load(t.Context())
	want, wantErr := Load(t.Context(), f.loader.files)
	if diff := cmp.Diff(fmt.Sprint(wantErr), fmt.Sprint(gotErr)); diff != "" {
		t.Errorf("errors (-fresh +again):\n%s", diff)
	}
	if diff := difference(want, got); diff != "" {
		t.Errorf("(-fresh +again):\n%s", diff)
	}
	if got != nil {
		f.loaded, f.fresh = append(f.loaded, got), append(f.fresh, want)
	}
	var read []string
	for name, file := range f.loader.kept {
		if before[name] != file {
			relative, _ := filepath.Rel(f.dir, name)
			read = append(read, relative)
		}
	}
	slices.Sort(read)
	return read
}

// unchanged checks everything that was ever loaded.
func (f *follow) unchanged(t *testing.T) {
	t.Helper()
	for i := range f.loaded {
		if diff := difference(f.fresh[i], f.loaded[i]); diff != "" {
			t.Errorf("what load %d gave was changed by a later one (-then +now):\n%s", i, diff)
		}
	}
}

const initial = `
-- config.yaml --
prowjob_namespace: jobs
plank:
  default_decoration_config_entries:
  - config: {timeout: 2h, utility_images: {clonerefs: c, initupload: i, entrypoint: e, sidecar: s}, gcs_configuration: {bucket: b, path_strategy: explicit}}
presets:
- labels: {central: "true"}
  env: [{name: CENTRAL, value: one}]
periodics:
- {name: own, interval: 1h, spec: {containers: [{image: alpine}]}}
-- jobs/a.yaml --
presubmits:
  org/repo:
  - name: a
    decorate: true
    labels: {central: "true", cache: "true"}
    decoration_config: {timeout: 1h}
    run_if_changed: ^docs/
    spec:
      containers:
      - {image: alpine, command: [make], env: [{name: A, value: b}]}
-- jobs/b.yaml --
presubmits:
  org/repo:
  - {name: b, trigger: "(?m)^/b$", rerun_command: /b, branches: [main], labels: {central: "true"}, spec: {containers: [{image: alpine, env: [{name: A, value: b}]}]}}
  other/repo:
  - {name: b, agent: mine}
postsubmits:
  org/repo:
  - {name: post, decorate: true, decoration_config: {timeout: 1h}, spec: {containers: [{image: alpine, args: [x]}]}}
-- jobs/deep/c.yaml --
presets:
- labels: {cache: "true"}
  volumes: [{name: cache, emptyDir: {}}]
  volumeMounts: [{name: cache, mountPath: /cache}]
periodics:
- {name: c, cron: "0 3 * * *", labels: {cache: "true"}, spec: {containers: [{image: alpine}]}}
`

// TestReload changes the files of a configuration in all ways, one after the other.
func TestReload(t *testing.T) {
	const all = "jobs/a.yaml jobs/b.yaml jobs/deep/c.yaml"
	dir, files := unpacked(t, initial)
	f := &follow{loader: newLoader(files), dir: dir}
	if got := strings.Join(f.step(t), " "); got != all {
		t.Errorf("first read %q", got)
	}
	for _, s := range []struct{ name, change, read string }{
		{"nothing changes", "", ""},
		{"the same is written again", "-- jobs/d.yaml --\nperiodics: []\n", "jobs/d.yaml"},
		{"a job changes", "-- jobs/d.yaml --\nperiodics:\n- {name: d, interval: 2h, spec: {containers: [{image: alpine}]}}\n", "jobs/d.yaml"},
		{"a job moves", "-- jobs/d.yaml --\n# Moved.\n\nperiodics:\n- {name: d, interval: 2h, spec: {containers: [{image: alpine}]}}\n", "jobs/d.yaml"},
		{"a file is renamed", "-- jobs/d.yaml --\n-- jobs/e.yaml --\nperiodics:\n- {name: d, interval: 2h, spec: {containers: [{image: alpine}]}}\n", "jobs/e.yaml"},
		{"warnings of a file", "-- jobs/e.yaml --\nperodics: []\ndecorate_all_jobs: true\npostsubmits: {a/b: [{name: e, agent: strange, labels: {}}]}\n", "jobs/e.yaml"},
		{"they stay", "-- jobs/f.yaml --\nperiodics: [{name: f, agent: stranger, interval: 1h}]\n", "jobs/f.yaml"},
		{"a file is removed", "-- jobs/f.yaml --\n", ""},
		{"a name is taken", "-- jobs/f.yaml --\npresubmits: {org/repo: [{name: b, agent: jenkins}]}\nperiodics: [{name: c, agent: jenkins, interval: 1h}]\n", "jobs/f.yaml"},
		{"it stays taken", "-- jobs/e.yaml --\n{}\n", "jobs/e.yaml"},
		{"it is free again", "-- jobs/f.yaml --\n", ""},
		{"a base name is taken", "-- jobs/deep/a.yaml --\n{}\n", "jobs/deep/a.yaml"},
		{"no more", "-- jobs/deep/a.yaml --\n", ""},
		{"a file is no YAML", "-- jobs/e.yaml --\na: [\n", ""},
		{"a file has the wrong shape", "-- jobs/e.yaml --\nperiodics: {a: b}\n", ""},
		{"a job is wrong", "-- jobs/e.yaml --\nperiodics: [{name: e, interval: soon, agent: jenkins, job_queue_name: q}]\n", ""},
		{"more is wrong", "-- config.yaml --\nlog_level: loud\n", "jobs/deep/c.yaml"},
		{"config.yaml is no YAML", "-- config.yaml --\na: [\n", ""},
		{"config.yaml is gone", "-- config.yaml --\n", ""},
		{"all is mended", initial + "-- jobs/e.yaml --\nperiodics: [{name: e, interval: 1h, agent: jenkins}]\n", all + " jobs/e.yaml"},
		{"tide changes", "-- more/x_prowconfig.yaml --\ntide: {queries: [{repos: [org/repo], labels: [lgtm]}]}\n", ""},
		{"a supplemental file is wrong", "-- more/x_prowconfig.yaml --\nplank: {max_concurrency: 3}\n", ""},
		{"it is gone, and the version is new", "-- more/x_prowconfig.yaml --\n-- VERSION --\nv2\n", ""},
		{"files are ignored", "-- jobs/.prowignore --\ne.yaml\n", ""},
		{"no more", "-- jobs/.prowignore --\n", "jobs/e.yaml"},
	} {
		apply(t, dir, s.change)
		t.Run(s.name, func(t *testing.T) {
			if got := strings.Join(f.step(t), " "); got != s.read {
				t.Errorf("read %q, want %q", got, s.read)
			}
		})
	}
	f.unchanged(t)
}

// TestReloadOfSettings changes, one at a time, what jobs depend on, and what they do not depend on.
func TestReloadOfSettings(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		kept     bool
	}{
		"decoration":         {"timeout: 2h", "timeout: 3h", false},
		"old decoration":     {"default_decoration_config_entries:\n  - config: ", "default_decoration_configs:\n    org/repo: ", false},
		"prowjob_defaults":   {"prowjob_namespace: jobs", "prowjob_default_entries: [{repo: org, config: {tenant_id: x}}]", false},
		"pod_namespace":      {"prowjob_namespace: jobs", "pod_namespace: pods", false},
		"decorate_all_jobs":  {"prowjob_namespace: jobs", "decorate_all_jobs: true", false},
		"queues":             {"plank:", "plank:\n  job_queue_capacities: {q: 1}", false},
		"value of a preset":  {"value: one", "value: two", false},
		"label of a preset":  {`labels: {central: "true"}`, `labels: {central: "false"}`, false},
		"conflicting preset": {"- labels: {central", "- {labels: {cache: \"true\"}}\n- labels: {central", false},
		"another preset":     {"presets:", "presets:\n- {env: [{name: MORE, value: x}]}", false},
		"place of a preset":  {"presets:", "# Moved.\npresets:", true},
		"own jobs":           {"name: own", "name: renamed", true},
		"name of a job":      {"name: own", "name: c", true},
		"namespace":          {"prowjob_namespace: jobs", "prowjob_namespace: others", true},
		"comment":            {"plank:", "# Comment.\nplank:", true},
	} {
		t.Run(name, func(t *testing.T) {
			dir, files := unpacked(t, initial)
			f := &follow{loader: newLoader(files), dir: dir}
			f.step(t)
			text, err := os.ReadFile(files.Config)
			if err != nil {
				t.Fatal(err)
			}
			changed := strings.Replace(string(text), c.old, c.new, 1)
			if changed == string(text) {
				t.Fatalf("%q is not there", c.old)
			}
			for _, text := range []string{changed, string(text), changed} {
				apply(t, dir, "-- config.yaml --\n"+text)
				if read := f.step(t); (len(read) == 0) != c.kept {
					t.Errorf("read %v", read)
				}
			}
			f.unchanged(t)
		})
	}
}

// FuzzReload loads a configuration, changes a file or two, and loads it again.
func FuzzReload(f *testing.F) {
	archive := txtar.Parse([]byte(initial))
	main, job := string(archive.Files[0].Data), string(archive.Files[1].Data)
	f.Add(main, job, main, job+"# Comment.\n")
	f.Add(main, job, strings.Replace(main, "one", "two", 1), job)
	f.Add(main, job, main, "periodics: [{name: own, interval: 1h, agent: jenkins}]\n")
	f.Add("{}", "presubmits: {a/b: [{name: c, decorate: true, agent: x}]}\n", "decorate_all_jobs: true\n", "presets: [{labels: {a: b}}, {labels: {a: b}}]\n")
	f.Fuzz(func(t *testing.T, main, job, nextMain, nextJob string) {
		dir, files := unpacked(t, initial)
		run := &follow{loader: newLoader(files), dir: dir}
		for _, texts := range [][2]string{{main, job}, {main, nextJob}, {nextMain, nextJob}, {nextMain, job}, {main, job}} {
			for name, text := range map[string]string{files.Config: texts[0], filepath.Join(files.Jobs, "a.yaml"): texts[1]} {
				if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			run.step(t)
		}
		run.unchanged(t)
	})
}
