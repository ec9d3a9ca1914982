// SPDX-License-Identifier: Apache-2.0

package function_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sethvargo/go-envconfig"

	"github.com/cutwater-ci/cutwater/internal/function"
)

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestHandler(t *testing.T) {
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "test_total"})
	function.Registerer(function.WithRegisterer(t.Context(), registry)).MustRegister(counter)
	counter.Inc()
	mux := http.NewServeMux()
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("test") })
	mux.HandleFunc("/own", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "own") })
	server := httptest.NewServer(function.Handler(mux, registry))
	defer server.Close()
	for _, tc := range []struct {
		path   string
		status int
		text   string
	}{
		{"/healthz", 200, "OK"},
		{"/metrics", 200, "test_total 1"},
		{"/own", 200, "own"},
		{"/panic", 500, ""},
		{"/missing", 404, ""},
	} {
		status, text := get(t, server.URL+tc.path)
		if status != tc.status || !strings.Contains(text, tc.text) {
			t.Errorf("%s: got %d %q, want %d %q", tc.path, status, text, tc.status, tc.text)
		}
	}
}

// TestServe stops a server while it answers.
func TestServe(t *testing.T) {
	for _, tc := range []struct {
		name  string
		grace time.Duration
		fails bool
	}{
		{"in time", time.Minute, false},
		{"too late", time.Nanosecond, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var config net.ListenConfig
			listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			started, release := make(chan struct{}), make(chan struct{})
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				close(started)
				select {
				case <-release:
					_, _ = io.WriteString(w, "done")
				case <-r.Context().Done():
				}
			})
			ctx, stop := context.WithCancel(t.Context())
			served := make(chan error, 1)
			go func() { served <- function.Serve(ctx, listener, tc.grace, h) }()
			answered := make(chan string, 1)
			go func() {
				response, err := http.Get("http://" + listener.Addr().String())
				if err != nil {
					answered <- "error"
					return
				}
				defer func() { _ = response.Body.Close() }()
				body, _ := io.ReadAll(response.Body)
				answered <- string(body)
			}()
			<-started
			stop()
			if !tc.fails {
				close(release)
			}
			if err := <-served; (err != nil) != tc.fails {
				t.Errorf("serve: got %v, want error %t", err, tc.fails)
			}
			if got := <-answered; (got != "done") != tc.fails {
				t.Errorf("request in flight: got %q", got)
			}
		})
	}
}

func TestRunErrors(t *testing.T) {
	never := func(context.Context, function.Lookup) (http.Handler, error) {
		t.Error("the function was started")
		return nil, context.Canceled
	}
	for _, vars := range []map[string]string{{"PORT": "http"}, {"LOG_LEVEL": "loud"}, {"GRACE_PERIOD": "soon"}} {
		if err := function.Run(t.Context(), "test", envconfig.MapLookuper(vars).Lookup, never); err == nil {
			t.Errorf("%v: got no error", vars)
		}
	}
}

func TestDecode(t *testing.T) {
	var e struct {
		Given    string        `env:"GIVEN"`
		Empty    string        `env:"EMPTY,default=x"`
		Duration time.Duration `env:"DURATION,default=2s"`
		Needed   string        `env:"NEEDED,required"`
	}
	err := function.Decode(t.Context(), envconfig.MapLookuper(map[string]string{"GIVEN": "a", "EMPTY": "", "NEEDED": ""}).Lookup, &e)
	if err == nil || !strings.Contains(err.Error(), "NEEDED") {
		t.Errorf("got %v, want an error about NEEDED", err)
	}
	err = function.Decode(t.Context(), envconfig.MapLookuper(map[string]string{"GIVEN": "a", "EMPTY": "", "NEEDED": "b"}).Lookup, &e)
	if err != nil || e.Given != "a" || e.Empty != "x" || e.Duration != 2*time.Second || e.Needed != "b" {
		t.Errorf("got %+v, %v", e, err)
	}
}
