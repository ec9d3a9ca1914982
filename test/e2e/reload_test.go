// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sethvargo/go-envconfig"

	"github.com/cutwater-ci/cutwater/controllers"
	"github.com/cutwater-ci/cutwater/functions/deck"
	"github.com/cutwater-ci/cutwater/functions/horologium"
	"github.com/cutwater-ci/cutwater/functions/plugins"
	"github.com/cutwater-ci/cutwater/internal/function"
	"github.com/cutwater-ci/cutwater/local/up"
)

// brokenReload breaks the configuration of a machine that runs. The last good one
// stays in force, also in what starts now; the log and a metric say so, and
// mending the file is enough.
func brokenReload(t *testing.T, s *story) {
	s.begin(t, unit)
	s.passes(t, 1)
	path := s.state("configmaps", "config", "config.yaml")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rewrite(t, path, good) })
	replica, environment := s.replica(t)
	metrics := map[string]string{"plugins": s.m.Mesh.URL(s.m.Namespace, "plugins") + "/metrics", "controller": replica}
	s.awaitMetric(t, metrics, 1)
	s.awaitCopies(t)

	rewrite(t, path, append([]byte("log_level: loud\nsinker: {resync_period: soon}\n"), good...))
	s.awaitMetric(t, metrics, 0)
	s.awaitLogged(t, "plugins", path)
	s.awaitLogged(t, "controller", path)
	if err := comment(s, []string{up.Member, "1", "/test unit"}); err != nil {
		t.Fatal(err)
	}
	if err := runs(s, []string{"unit", "success", "success"}); err != nil {
		t.Errorf("with the last good configuration: %v", err)
	}
	s.othersStart(t)
	// What knows no bucket has no copy of a good one, and says all that is wrong.
	err = controllers.Run(s.ctx, environment)
	for _, want := range []string{path + ":1: log_level: ", path + ":2: sinker.resync_period: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("starting: got %v, want %q", err, want)
		}
	}

	rewrite(t, path, good)
	s.awaitMetric(t, metrics, 1)
}

// awaitCopies awaits that plugins has kept copies of what is in force.
func (s *story) awaitCopies(t *testing.T) {
	t.Helper()
	for _, name := range []string{"config.tar.gz", "plugins.tar.gz"} {
		err := s.await(func() error {
			_, err := os.Stat(filepath.Join(s.m.Bucket, "inbox", "config", name))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// othersStart starts one more instance of each part that must not stop for a wrong
// line. plugins knows the organisation's plugins.
func (s *story) othersStart(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	if handler := starts(ctx, t, s, "plugins", plugins.New); handler != nil {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodGet, "/plugin-help", http.NoBody))
		if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), s.m.Org) {
			t.Errorf("plugins started and answers %d: %s", answer.Code, answer.Body)
		}
	}
	starts(ctx, t, s, "deck", deck.New)
	starts(ctx, t, s, "horologium", horologium.New)
	starts(ctx, t, s, "controller", controllers.New)
}

// starts makes a part with the machine's files, and returns it.
func starts[T any](ctx context.Context, t *testing.T, s *story, part string, begin func(context.Context, function.Lookup) (T, error)) T {
	t.Helper()
	variables := map[string]string{
		"BUCKET": "file://" + s.m.Bucket, "HMAC_SECRET_FILE": s.state("secrets", "hmac-token", "hmac"),
		"CONFIG_PATH": s.state("configmaps", "config", "config.yaml"), "JOB_CONFIG_PATH": s.state("configmaps", "job-config"),
		"PLUGIN_CONFIG": s.state("configmaps", "plugins", "plugins.yaml"), "KUBECONFIG": s.state("kubeconfigs", "cutwater-"+part),
		"GITHUB_ENDPOINT": s.m.Forge.URL(), "GITHUB_HOST": s.m.Forge.URL(),
	}
	made, err := begin(function.WithRegisterer(ctx, prometheus.NewRegistry()), envconfig.MapLookuper(variables).Lookup)
	if err != nil {
		t.Errorf("%s does not start: %v", part, err)
	}
	return made
}

// rewrite replaces a file at once, as editors do.
func rewrite(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		t.Error(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Error(err)
	}
}

// replica starts a second replica of the controller, which serves metrics while
// the first one, in the machine, does the work. It returns where they are, and
// the replica's environment.
func (s *story) replica(t *testing.T) (metrics string, environment function.Lookup) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().(*net.TCPAddr)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{
		"HOST": "127.0.0.1", "PORT": fmt.Sprint(address.Port), "POD_NAME": "second", "LOG_LEVEL": "error",
		"KUBECONFIG": s.state("kubeconfigs", "cutwater-controller"), "CONFIG_PATH": s.state("configmaps", "config", "config.yaml"),
		"GITHUB_ENDPOINT": s.m.Forge.URL(), "GITHUB_HOST": s.m.Forge.URL(), "GITHUB_TOKEN_PATH": s.state("secrets", "github-token", "token"),
	}
	environment = envconfig.MapLookuper(variables).Lookup
	ctx, cancel := context.WithCancel(s.ctx)
	ended := make(chan error, 1)
	go func() { ended <- controllers.Run(ctx, environment) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the second replica: %v", err)
		}
	})
	return "http://" + address.String() + "/metrics", environment
}

// awaitMetric awaits what the parts say of their config.yaml.
func (s *story) awaitMetric(t *testing.T, metrics map[string]string, want int) {
	t.Helper()
	line := fmt.Sprintf("\ncutwater_config_last_reload_success{config=\"config\"} %d\n", want)
	for name, address := range metrics {
		err := s.await(func() error {
			content, err := get(s.ctx, address)
			if err == nil && !strings.Contains(content, line) {
				err = fmt.Errorf("no %q among the metrics", line)
			}
			return err
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// awaitLogged awaits that a part logs all that is wrong with the configuration.
func (s *story) awaitLogged(t *testing.T, part, path string) {
	t.Helper()
	err := s.await(func() error {
		content, err := os.ReadFile(s.state("log"))
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(content)) {
			var entry struct{ Logger, Msg, Error string }
			if json.Unmarshal([]byte(line), &entry) == nil && entry.Logger == part &&
				strings.Contains(entry.Msg, "the last good one stays in force") &&
				strings.Contains(entry.Error, path+":1: log_level: ") && strings.Contains(entry.Error, path+":2: sinker.resync_period: ") {
				return nil
			}
		}
		return fmt.Errorf("%s has logged nothing of it", part)
	})
	if err != nil {
		t.Error(err)
	}
}
