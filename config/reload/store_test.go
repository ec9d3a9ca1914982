// SPDX-License-Identifier: Apache-2.0

package reload_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/reload"
	"github.com/cutwater-ci/cutwater/internal/function"
)

// store follows a file whose text must not be "broken" and hands out what every reload said.
func store(t *testing.T, name string) (*reload.Store[string], <-chan error, *prometheus.Registry) {
	t.Helper()
	reloads, registry := make(chan error, 100), prometheus.NewRegistry()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	s, err := reload.New(function.WithRegisterer(ctx, registry), reload.Source[string]{
		Name: "test", Paths: []string{name, ""},
		Options: reload.Options{OnReload: func(err error) { reloads <- err }},
		Load: func(context.Context, []string) (*string, error) {
			data, err := os.ReadFile(name)
			text := string(data)
			switch {
			case text == "panic":
				panic("strange file")
			case strings.HasPrefix(text, "broken"):
				err = errors.New("it is broken")
			}
			return &text, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, reloads, registry
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name+".new", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

// next is what the next reload said.
func next(t *testing.T, reloads <-chan error) error {
	t.Helper()
	select {
	case err := <-reloads:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("no reload")
		return nil
	}
}

func TestStoreKeepsTheLastGoodState(t *testing.T) {
	name := filepath.Join(t.TempDir(), "config.yaml")
	write(t, name, "first")
	s, reloads, registry := store(t, name)
	for _, step := range []struct {
		text, want string
		broken     bool
		metrics    map[string]float64
	}{
		{"second", "second", false, metrics(0, 1)},
		{"broken", "second", true, metrics(1, 0)},
		{"panic", "second", true, metrics(2, 0)},
		{"third", "third", false, metrics(2, 1)},
	} {
		write(t, name, step.text)
		if err := next(t, reloads); (err != nil) != step.broken {
			t.Errorf("%s: reload says %v", step.text, err)
		}
		if got := *s.Load(); got != step.want {
			t.Errorf("after %q: got %q, want %q", step.text, got, step.want)
		}
		if diff := cmp.Diff(step.metrics, gathered(t, registry)); diff != "" {
			t.Errorf("after %q: metrics (-want +got): %s", step.text, diff)
		}
	}
}

func metrics(failures, success float64) map[string]float64 {
	return map[string]float64{"cutwater_config_reload_errors_total": failures, "cutwater_config_last_reload_success": success}
}

func gathered(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		m := family.GetMetric()[0]
		values[family.GetName()] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
	}
	return values
}

// TestStoreFollowsConfigMaps changes a mount as kubelet does: files are links through ..data, which is replaced.
func TestStoreFollowsConfigMaps(t *testing.T) {
	dir := t.TempDir()
	version := func(name, text string) {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name, "config.yaml"), text)
		if err := os.Symlink(name, filepath.Join(dir, "..data_tmp")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	version("..1", "first")
	name := filepath.Join(dir, "config.yaml")
	if err := os.Symlink(filepath.Join("..data", "config.yaml"), name); err != nil {
		t.Fatal(err)
	}
	s, reloads, _ := store(t, name)
	version("..2", "second")
	if err := next(t, reloads); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff("second", *s.Load()); diff != "" {
		t.Error(diff)
	}
}

// TestStoreFollowsPlainNamesAndLinks changes files that are named without a folder, and through a link to a folder.
func TestStoreFollowsPlainNamesAndLinks(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.MkdirAll("real/deep", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", "link"); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"plain": "config.yaml", "dotted": "./dotted.yaml", "in a folder": "real/config.yaml", "in the working directory": ".",
		"a link": "link", "below a link": "link/deep/config.yaml",
	} {
		t.Run(name, func(t *testing.T) {
			changes := path
			if filepath.Ext(path) != ".yaml" {
				changes = filepath.Join(path, "deep", "jobs.yaml")
				if path == "." {
					changes = "jobs.yaml"
				}
			}
			write(t, changes, "first")
			reloads := make(chan error, 100)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_, err := reload.New(ctx, reload.Source[string]{
				Name: "test", Paths: []string{path},
				Load:    func(context.Context, []string) (*string, error) { return new(string), nil },
				Options: reload.Options{OnReload: func(err error) { reloads <- err }},
			})
			if err != nil {
				t.Fatal(err)
			}
			write(t, changes, "second")
			if err := next(t, reloads); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestStoreLogsWarningsOnce starts with a warning, sees it again, and then another one.
func TestStoreLogsWarningsOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "config.yaml")
	write(t, name, "a")
	core, logs := observer.New(zap.WarnLevel)
	reloads := make(chan error, 100)
	ctx, cancel := context.WithCancel(logging.WithLogger(t.Context(), zap.New(core).Sugar()))
	defer cancel()
	_, err := reload.New(ctx, reload.Source[string]{
		Name: "test", Paths: []string{name},
		Options: reload.Options{OnReload: func(err error) { reloads <- err }},
		Warnings: func(state *string) []document.Problem {
			return []document.Problem{{Position: document.Position{File: "config.yaml", Line: 1}, Path: *state, Message: "is not known"}}
		},
		Load: func(context.Context, []string) (*string, error) {
			data, err := os.ReadFile(name)
			text := strings.TrimSpace(string(data))
			return &text, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"a\n", "b", "b\n"} {
		write(t, name, text)
		if err := next(t, reloads); err != nil {
			t.Fatal(err)
		}
	}
	var got []any
	for _, entry := range logs.All() {
		got = append(got, entry.ContextMap()["warnings"])
	}
	want := []any{[]any{"config.yaml:1: a: is not known"}, []any{"config.yaml:1: b: is not known"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("logged (-want +got):\n%s", diff)
	}
}

func TestNewRefusesABrokenStart(t *testing.T) {
	_, err := reload.New(t.Context(), reload.Source[string]{
		Name: "test",
		Load: func(context.Context, []string) (*string, error) { return nil, errors.New("it is broken") },
	})
	if err == nil || err.Error() != "it is broken" {
		t.Errorf("got %v", err)
	}
}
