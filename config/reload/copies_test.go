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

	"github.com/cutwater-ci/cutwater/config/lastgood"
	"github.com/cutwater-ci/cutwater/config/reload"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/function"
)

// process is one life of a process that loads a text, which must not be "broken".
type process struct {
	*reload.Store[string]
	reloads  chan error
	registry *prometheus.Registry
}

func start(ctx context.Context, name string, copies reload.Copies) (process, error) {
	p := process{reloads: make(chan error, 100), registry: prometheus.NewRegistry()}
	read := func(_ context.Context, paths []string) (*string, error) {
		data, err := os.ReadFile(paths[0])
		text := string(data)
		if text == "broken" {
			err = errors.New("it is broken")
		}
		return &text, err
	}
	var err error
	p.Store, err = reload.New(function.WithRegisterer(ctx, p.registry), reload.Source[string]{
		Name: "test", Paths: []string{name, ""},
		Load:    read,
		Options: reload.Options{OnReload: func(err error) { p.reloads <- err }, Copies: copies, KeepAfter: time.Millisecond},
	})
	return p, err
}

// A process that starts while its file is wrong has what was in force, until the file is mended.
func TestStartsWithTheLastGoodCopy(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	bucket, err := blob.Open(t.Context(), "mem://")
	if err != nil {
		t.Fatal(err)
	}
	copies := lastgood.In(bucket, lastgood.Config)
	name := filepath.Join(t.TempDir(), "config.yaml")

	write(t, name, "broken")
	_, err = start(t.Context(), name, copies)
	if err == nil || !strings.Contains(err.Error(), "it is broken") || !strings.Contains(err.Error(), "no copy of a good configuration") {
		t.Errorf("without a copy: %v", err)
	}

	write(t, name, "first")
	one, err := start(t.Context(), name, copies)
	if err != nil {
		t.Fatal(err)
	}
	write(t, name, "second")
	if err := next(t, one.reloads); err != nil {
		t.Fatal(err)
	}
	awaitCopy(t, copies, name, "second")
	write(t, name, "broken")
	if err := next(t, one.reloads); err == nil {
		t.Error("a broken file was loaded")
	}

	core, logs := observer.New(zap.InfoLevel)
	two, err := start(logging.WithLogger(t.Context(), zap.New(core).Sugar()), name, copies)
	if err != nil {
		t.Fatalf("with a copy: %v", err)
	}
	if got := *two.Load(); got != "second" {
		t.Errorf("in force is %q, want the last good text", got)
	}
	if diff := cmp.Diff(metrics(1, 0), gathered(t, two.registry)); diff != "" {
		t.Errorf("metrics (-want +got): %s", diff)
	}
	write(t, name, "third")
	if err := next(t, two.reloads); err != nil || *two.Load() != "third" {
		t.Errorf("after mending: %v, %q", err, *two.Load())
	}
	var said []string
	for _, entry := range logs.All() {
		said = append(said, entry.Message)
	}
	want := []string{"the configuration is wrong; the copy of the last good one is in force", "the configuration is right again, and in force"}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("logged (-want +got):\n%s", diff)
	}
	awaitCopy(t, copies, name, "third")
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "last-good-*")); err != nil || len(left) > 0 {
		t.Errorf("folders are left behind: %v, %v", left, err)
	}
}

// awaitCopy waits until the copy holds that text.
func awaitCopy(t *testing.T, copies lastgood.Copies, name, want string) {
	t.Helper()
	got, deadline := "", time.After(20*time.Second)
	for got != want {
		select {
		case <-deadline:
			t.Fatalf("the copy holds %q, want %q", got, want)
		case <-time.After(time.Millisecond):
		}
		paths, err := copies.Restore(t.Context(), []string{name}, t.TempDir())
		if err != nil {
			continue // There is none yet.
		}
		data, err := os.ReadFile(paths[0])
		if err != nil {
			t.Fatal(err)
		}
		got = string(data)
	}
}
