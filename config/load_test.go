// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/internal/goldens"
)

// write makes the files of a configuration, config.yaml and perhaps jobs/jobs.yaml.
func write(tb testing.TB, main, jobFile string) config.Files {
	tb.Helper()
	dir := tb.TempDir()
	files := config.Files{Config: filepath.Join(dir, "config.yaml")}
	if err := os.WriteFile(files.Config, []byte(main), 0o644); err != nil {
		tb.Fatal(err)
	}
	if jobFile != "" {
		files.Jobs = filepath.Join(dir, "jobs")
		if err := os.Mkdir(files.Jobs, 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(files.Jobs, "jobs.yaml"), []byte(jobFile), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return files
}

func load(t *testing.T, files config.Files) *config.Config {
	t.Helper()
	c, err := config.Load(context.Background(), files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	got := load(t, write(t, "{}", ""))
	duration := func(d time.Duration) *prowv1.Duration { return &prowv1.Duration{Duration: d} }
	three := 3
	want := &config.Config{
		ProwJobNamespace: "default", PodNamespace: "default", LogLevel: "info",
		StatusErrorLink: "https://github.com/kubernetes/test-infra/issues", DefaultJobTimeout: duration(24 * time.Hour),
		Plank: config.Plank{
			Controller: config.Controller{MaxGoroutines: 20}, MaxRevivals: &three,
			PodPendingTimeout: duration(10 * time.Minute), PodRunningTimeout: duration(48 * time.Hour), PodUnscheduledTimeout: duration(5 * time.Minute),
		},
		Sinker: config.Sinker{
			ResyncPeriod: duration(time.Hour), MaxProwJobAge: duration(7 * 24 * time.Hour),
			MaxPodAge: duration(24 * time.Hour), TerminatedPodTTL: duration(24 * time.Hour),
		},
		Deck: config.Deck{
			TideUpdatePeriod: duration(10 * time.Second),
			Spyglass: config.Spyglass{
				SizeLimit: 100e6, GCSBrowserPrefixes: map[string]string{"*": ""}, GCSBrowserPrefixesByBucket: map[string]string{"*": ""},
			},
		},
		GitHubReporter: config.GitHubReporter{JobTypesToReport: []prowv1.ProwJobType{prowv1.PresubmitJob, prowv1.PostsubmitJob}},
		InRepoConfig:   config.InRepoConfig{AllowedClusters: map[string][]string{"*": {"default"}}},
		GitHub:         config.GitHub{LinkURL: "https://github.com"},
		Tide:           config.Tide{SyncPeriod: duration(time.Minute), StatusUpdatePeriod: duration(time.Minute), MaxGoroutines: 20},
		Gerrit:         config.Gerrit{TickInterval: duration(time.Minute), RateLimit: 5},
		Moonraker:      config.Moonraker{ClientTimeout: duration(10 * time.Minute)},
		PushGateway:    config.PushGateway{Interval: duration(time.Minute)},
	}
	if diff := cmp.Diff(goldens.Map(t, want), goldens.Map(t, got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is given stays, also where it is nothing.
func TestGiven(t *testing.T) {
	c := load(t, write(t, `
log_level: TRACE
plank: {pod_pending_timeout: 0s, max_revivals: 0}
sinker: {max_pod_age: 0s}
in_repo_config: {allowed_clusters: {"*": [], org: [own]}}
deck: {spyglass: {lenses: [{required_files: [x], lens: {name: z}}], viewers: {b: [w, v], a: [z]}}}
`, ""))
	if c.Plank.PodPendingTimeout.Duration != 0 || *c.Plank.MaxRevivals != 0 || c.Sinker.MaxPodAge.Duration != 0 || c.Sinker.TerminatedPodTTL.Duration != 0 {
		t.Errorf("plank is %+v, sinker %+v", c.Plank, c.Sinker)
	}
	if c.InRepoAllowsCluster("org/repo", "default") || !c.InRepoAllowsCluster("org/repo", "own") {
		t.Errorf("allowed clusters are %v", c.InRepoConfig.AllowedClusters)
	}
	var lenses []string
	for _, lens := range c.Deck.Spyglass.Lenses {
		lenses = append(lenses, lens.Lens.Name)
	}
	if diff := cmp.Diff([]string{"z", "v", "w", "z"}, lenses); diff != "" {
		t.Errorf("lenses (-want +got):\n%s", diff)
	}
	if c = load(t, write(t, "in_repo_config: {allowed_clusters: {\"*\": ~}}", "")); !c.InRepoAllowsCluster("org/repo", "default") {
		t.Errorf("allowed clusters are %v", c.InRepoConfig.AllowedClusters)
	}
}

func TestGzipAndVersion(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	fmt.Fprintln(w, "prowjob_namespace: zipped")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files := write(t, zipped.String(), "")
	if err := os.WriteFile(filepath.Join(filepath.Dir(files.Config), "VERSION"), []byte("abc\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := load(t, files)
	if c.ProwJobNamespace != "zipped" || c.Version != "abc" {
		t.Errorf("got namespace %q, version %q", c.ProwJobNamespace, c.Version)
	}
}

// Keys that nothing acts on yet are told once, wherever they are.
func TestUnread(t *testing.T) {
	files := write(t, "tide:\n  queries:\n  - repos: [org/repo]\nsinker: {}\n", "")
	files.SupplementalConfigDirs = []string{t.TempDir()}
	more := filepath.Join(files.SupplementalConfigDirs[0], "_prowconfig.yaml")
	if err := os.WriteFile(more, []byte("tide: {}\n\nbranch-protection: {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := load(t, files)
	var got []string
	for _, problem := range c.Unread {
		got = append(got, problem.Error())
	}
	want := []string{
		files.Config + ":1: tide: is known, but nothing acts on it yet",
		more + ":3: branch-protection: is known, but nothing acts on it yet",
	}
	if diff := cmp.Diff(want, got); diff != "" || len(c.Warnings) > 0 {
		t.Errorf("warnings %v, unread (-want +got):\n%s", c.Warnings, diff)
	}
}

func TestMissingFiles(t *testing.T) {
	dir := t.TempDir()
	_, err := config.Load(context.Background(), config.Files{Config: filepath.Join(dir, "config.yaml"), Jobs: filepath.Join(dir, "jobs")})
	if err == nil || !strings.Contains(err.Error(), "config.yaml: no such file") || !strings.Contains(err.Error(), "jobs: no such file") {
		t.Errorf("got %v", err)
	}
	_, err = config.Load(context.Background(), config.Files{Config: dir})
	if err == nil || !strings.Contains(err.Error(), "is a folder, not a file") {
		t.Errorf("got %v", err)
	}
}

// brought is what the text of .prow.yaml says.
func brought(t *testing.T, text string) *jobs.InRepoFile {
	t.Helper()
	doc, err := document.Parse(".prow.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	file := &jobs.InRepoFile{}
	if wrong := (&document.Decoder{}).Decode(doc, file).Errors; len(wrong) > 0 {
		t.Fatal(wrong)
	}
	return file
}

func TestInRepo(t *testing.T) {
	c := load(t, write(t, `
in_repo_config:
  enabled: {"*": false, org: true, org/off: false}
  allowed_clusters: {org: [trusted]}
`, `
presets:
- {labels: {a: "1"}, env: [{name: A, value: central}]}
presubmits:
  org/repo:
  - {name: central, always_run: true, spec: {containers: [{image: alpine}]}}
`))
	for repo, want := range map[string]bool{"org/repo": true, "org/off": false, "other/repo": false} {
		if got := c.InRepoEnabled(repo); got != want {
			t.Errorf("InRepoEnabled(%s) = %v", repo, got)
		}
	}
	file := brought(t, `
presets:
- {labels: {b: "1"}, env: [{name: B, value: own}]}
presubmits:
- {name: own, run_if_changed: docs, labels: {a: "1", b: "1"}, cluster: trusted, spec: {containers: [{image: alpine}]}}
postsubmits:
- {name: publish, cluster: default, spec: {containers: [{image: alpine}]}}
`)
	for range 2 { // The file is not changed by its first use.
		presubmits, postsubmits, err := c.WithInRepo("org/repo", file)
		if err != nil {
			t.Fatal(err)
		}
		if len(presubmits) != 2 || presubmits[1].Name != "own" || presubmits[1].Context != "own" || len(presubmits[1].Spec.Containers[0].Env) != 2 {
			t.Errorf("presubmits: %+v", presubmits)
		}
		if len(postsubmits) != 1 || postsubmits[0].Agent != "kubernetes" {
			t.Errorf("postsubmits: %+v", postsubmits)
		}
	}
	bad := brought(t, "presubmits:\n- {name: central, cluster: secret, spec: {containers: [{image: alpine}]}}\n")
	_, _, err := c.WithInRepo("org/repo", bad)
	if err == nil || !strings.Contains(err.Error(), `.prow.yaml:2: cluster: presubmit central: cluster "secret" is not allowed`) || !strings.Contains(err.Error(), "has this name too") {
		t.Errorf("got %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("plank: {max_concurrency: 1}\n", "presubmits:\n  org/repo:\n  - name: a\n    spec: {containers: [{image: b}]}\n")
	f.Add("log_level: 3\ndeck: {spyglass: {viewers: {a: [b]}}}\n", "periodics:\n- {name: a, cron: '* * * * *', spec: {containers: [{}]}}\n")
	f.Add("decorate_all_jobs: true\nscheduler: {external: {}}\n", "postsubmits: {a/b: [{name: c, always_run: true, run_if_changed: d, labels: {a: 'b c'}}]}\npresets: [{env: [{}]}]\n")
	f.Add("a: &a {b: *a}\n", "presubmits: {? [a] : b}\n")
	f.Add("plank: {default_decoration_configs: {'*': {timeout: 1h, gcs_configuration: {bucket: ':'}}}}\n", "presubmits: {a/b: [{name: c, decorate: true, extra_refs: [{clone_uri: ':'}]}]}\n")
	f.Fuzz(func(t *testing.T, main, jobFile string) {
		c, err := config.Load(context.Background(), write(t, main, jobFile))
		if (c == nil) == (err == nil) {
			t.Errorf("got %v and %v", c, err)
		}
	})
}

// BenchmarkLoad1000Jobs loads what a function of a middling installation starts with.
func BenchmarkLoad1000Jobs(b *testing.B) {
	var file strings.Builder
	file.WriteString("presubmits:\n")
	for repo := range 50 {
		fmt.Fprintf(&file, "  org/repo%d:\n", repo)
		for job := range 20 {
			fmt.Fprintf(&file, `  - name: pull-%d-%d
    always_run: true
    decorate: true
    branches: [main, release-.*]
    labels: {preset: "true"}
    spec:
      containers:
      - image: golang:1.26
        command: [make]
        args: ["test", "-j4"]
        env:
        - name: GOFLAGS
          value: -mod=mod
        resources:
          requests: {cpu: "2", memory: 4Gi}
          limits: {cpu: "2", memory: 4Gi}
`, repo, job)
		}
	}
	files := write(b, `
plank:
  default_decoration_config_entries:
  - config:
      timeout: 2h
      utility_images: {clonerefs: c, initupload: i, entrypoint: e, sidecar: s}
      gcs_configuration: {bucket: bucket, path_strategy: explicit}
`, file.String())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := config.Load(context.Background(), files); err != nil {
			b.Fatal(err)
		}
	}
}
