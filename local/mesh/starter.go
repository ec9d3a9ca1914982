// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"context"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/internal/function"
)

// Workload is a container to run: a function's or a deployment's.
type Workload struct {
	Name  string
	Image string
	Env   map[string]string
}

// lookup gives the environment as functions read it.
func (w Workload) lookup(name string) (string, bool) {
	value, ok := w.Env[name]
	return value, ok
}

// Instance is a running function.
type Instance interface {
	http.Handler
	// Stop ends it, and waits until it has ended.
	Stop()
	// Done is closed when it has ended.
	Done() <-chan struct{}
}

// Starter starts what an image stands for: in this process, or as processes of
// their own.
type Starter interface {
	// Start brings a function up; it lives until it is stopped or ctx ends.
	Start(ctx context.Context, w Workload) (Instance, error)
	// Run runs a deployment until ctx ends or it fails.
	Run(ctx context.Context, w Workload) error
}

// InProcess starts functions and deployments inside this process, by image.
type InProcess struct {
	Functions   map[string]function.New
	Deployments map[string]func(context.Context, function.Lookup) error
	// Log is what they log to, each under its name.
	Log *zap.SugaredLogger
}

// Start makes the function's handler.
func (p InProcess) Start(ctx context.Context, w Workload) (Instance, error) {
	newHandler, ok := p.Functions[w.Image]
	if !ok {
		return nil, fmt.Errorf("image %s is not one of ours", w.Image)
	}
	registry := prometheus.NewRegistry()
	ctx = function.WithRegisterer(logging.WithLogger(ctx, p.Log.Named(w.Name)), registry)
	ctx, cancel := context.WithCancel(ctx)
	handler, err := newHandler(ctx, w.lookup)
	if err != nil {
		cancel()
		return nil, err
	}
	handler = function.Handler(handler, registry)
	return &inProcess{handler: handler, ctx: ctx, cancel: cancel}, nil
}

// Run runs the deployment.
func (p InProcess) Run(ctx context.Context, w Workload) error {
	run, ok := p.Deployments[w.Image]
	if !ok {
		return fmt.Errorf("image %s is not one of ours", w.Image)
	}
	return run(logging.WithLogger(ctx, p.Log.Named(w.Name)), w.lookup)
}

type inProcess struct {
	handler http.Handler
	ctx     context.Context // carries the function's logger
	cancel  context.CancelFunc
}

// ServeHTTP serves with what the function's context carries, as its own server would.
func (i *inProcess) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := logging.WithLogger(r.Context(), logging.FromContext(i.ctx)) //nolint:contextcheck // i.ctx only has the logger
	i.handler.ServeHTTP(w, r.WithContext(ctx))
}

func (i *inProcess) Stop()                 { i.cancel() }
func (i *inProcess) Done() <-chan struct{} { return i.ctx.Done() }
