// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/config/lastgood"
	"github.com/cutwater-ci/cutwater/config/reload"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/function"
)

// use asks a configuration everything that handlers ask, and writes it.
func use(t *testing.T, c *config.Config) string {
	t.Helper()
	for _, p := range c.Presubmits("org/repo") {
		p.TriggerMatches("/test " + p.Name)
		if _, err := p.ShouldRun("main", jobs.FixedChanges("docs/a.md"), false, false); err != nil {
			t.Error(err)
		}
	}
	text, err := json.Marshal([]any{c, c.Jobs})
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// Handlers keep the configuration that they started with, and use it while files change.
func TestStoreWhileHandlersRead(t *testing.T) {
	const main = "presets: [{labels: {p: \"1\"}, env: [{name: P, value: v}]}]\n"
	const job = `presubmits:
  org/repo:
  - name: a%d
    run_if_changed: ^docs/
    branches: [main]
    labels: {p: "1"}
    spec: {containers: [{image: alpine, env: [{name: A, value: "%d"}]}]}
`
	files := write(t, main, fmt.Sprintf(job, 0, 0)+"  - {name: stays, trigger: \"(?m)^/stays$\", rerun_command: /stays, labels: {p: \"1\"}, spec: {containers: [{image: alpine}]}}\n")
	more := filepath.Join(files.Jobs, "more.yaml")
	reloads := make(chan error, 100)
	ctx, cancel := context.WithCancel(function.WithRegisterer(t.Context(), prometheus.NewRegistry()))
	defer cancel()
	store, err := config.NewStore(ctx, files, reload.Options{OnReload: func(err error) { reloads <- err }})
	if err != nil {
		t.Fatal(err)
	}
	first := store.Load()
	before := use(t, first)

	reading, stop := context.WithCancel(ctx)
	var handlers sync.WaitGroup
	for range 4 {
		handlers.Go(func() {
			for reading.Err() == nil {
				use(t, first)
				use(t, store.Load())
			}
		})
	}
	for i := 1; i <= 4; i++ {
		if err := os.WriteFile(more, fmt.Appendf(nil, job, i, i), 0o644); err != nil {
			t.Fatal(err)
		}
		if i == 3 { // Now everything is made anew.
			if err := os.WriteFile(files.Config, []byte("pod_namespace: pods\n"+main), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for last := ""; last != fmt.Sprint("a", i) || i >= 3 && store.Load().PodNamespace != "pods"; {
			select {
			case err := <-reloads: // One for both files, or one for each.
				if err != nil {
					t.Error(err)
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("after change %d the last job is %s", i, last)
			}
			list := store.Load().Presubmits("org/repo")
			last = list[len(list)-1].Name
		}
	}
	stop()
	handlers.Wait()
	if diff := cmp.Diff(before, use(t, first)); diff != "" {
		t.Errorf("the first configuration has changed (-then +now):\n%s", diff)
	}
}

// A store that starts with broken files has all that the last good ones held.
func TestStoreStartsWithACopy(t *testing.T) {
	files := write(t, "pod_namespace: pods\n", "periodics: [{name: nightly, interval: 1h, spec: {containers: [{image: alpine}]}}]\n")
	supplement := t.TempDir()
	files.SupplementalConfigDirs = []string{supplement}
	text := "tide: {queries: [{repos: [org/repo], labels: [lgtm]}]}\n"
	if err := os.WriteFile(filepath.Join(supplement, "org_prowconfig.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	bucket, err := blob.Open(t.Context(), "mem://")
	if err != nil {
		t.Fatal(err)
	}
	ctx, copies := function.WithRegisterer(t.Context(), prometheus.NewRegistry()), lastgood.In(bucket, lastgood.Config)
	paths := append([]string{files.Config, files.Jobs}, files.SupplementalConfigDirs...)
	sum, err := copies.Sum(paths)
	if err != nil {
		t.Fatal(err)
	}
	if err := copies.Keep(ctx, sum, paths); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files.Config, []byte("pod_namespace: [\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	store, err := config.NewStore(ctx, files, reload.Options{Copies: copies})
	if err != nil {
		t.Fatal(err)
	}
	c := store.Load()
	if c.PodNamespace != "pods" || len(c.Jobs.Periodics) != 1 || len(c.Tide.Queries) != 1 {
		t.Errorf("in force are namespace %q, %d periodics and %d queries", c.PodNamespace, len(c.Jobs.Periodics), len(c.Tide.Queries))
	}
}
