// SPDX-License-Identifier: Apache-2.0

// Package function is what all functions share: how a Knative Service starts,
// serves and stops.
//
// A function's package exports New, which makes its handler of its environment, and
// its main is one call of [Main]. What New needs besides comes in its context: the
// logger (knative.dev/pkg/logging) and the metrics registry ([Registerer]).
//
// Configuration, common to all functions: PORT (8080), HOST (all addresses),
// LOG_LEVEL (info), GRACE_PERIOD (30s, how long requests may take to end after a
// stop signal). In Prow: the packages interrupts, metrics, pjutil/health, logrusutil.
package function

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/sethvargo/go-envconfig"
	"knative.dev/pkg/logging"
)

// Lookup finds an environment variable, as os.LookupEnv does.
type Lookup func(key string) (string, bool)

// New makes a function's handler of its environment. The handler works until ctx
// ends; New fails on what could not get better by waiting.
type New func(ctx context.Context, env Lookup) (http.Handler, error)

// Environment is what every function reads.
type Environment struct {
	// Port to listen on. Knative sets it.
	Port int `env:"PORT,default=8080"`
	// Host is the address to listen on; empty means all.
	Host string `env:"HOST"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `env:"LOG_LEVEL,default=info"`
	// GracePeriod is how long requests may take to end after a stop signal.
	GracePeriod time.Duration `env:"GRACE_PERIOD,default=30s"`
}

// Decode reads the environment into a struct whose fields have "env" tags, as
// github.com/sethvargo/go-envconfig describes. Variables that are set to nothing
// count as not set.
func Decode(ctx context.Context, env Lookup, into any) error {
	lookuper := envconfig.LookuperFunc(func(key string) (string, bool) {
		value, ok := env(key)
		return value, ok && value != ""
	})
	if err := envconfig.ProcessWith(ctx, &envconfig.Config{Target: into, Lookuper: lookuper}); err != nil {
		return fmt.Errorf("reading the environment: %w", err)
	}
	return nil
}

// Main runs the function until SIGTERM or SIGINT, and exits with 1 when it cannot
// start or serve.
func Main(name string, newHandler New) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := Run(ctx, name, os.LookupEnv, newHandler); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// Run runs the function until ctx ends and requests in flight are answered.
func Run(ctx context.Context, name string, env Lookup, newHandler New) error {
	var e Environment
	if err := Decode(ctx, env, &e); err != nil {
		return err
	}
	logger, err := newLogger(name, e.LogLevel, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { _ = logger.Sync() }()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	ctx = WithRegisterer(logging.WithLogger(ctx, logger), registry)

	handler, err := newHandler(ctx, env)
	if err != nil {
		return err
	}
	return serve(ctx, e, Handler(handler, registry))
}

type registererKey struct{}

// WithRegisterer returns a context with the registry for a function's metrics.
func WithRegisterer(ctx context.Context, r prometheus.Registerer) context.Context {
	return context.WithValue(ctx, registererKey{}, r)
}

// Registerer returns where a function is to register its metrics. Without one in
// the context it is a new registry that nobody reads.
func Registerer(ctx context.Context) prometheus.Registerer {
	if r, ok := ctx.Value(registererKey{}).(prometheus.Registerer); ok {
		return r
	}
	return prometheus.NewRegistry()
}
