// SPDX-License-Identifier: Apache-2.0

package function

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"knative.dev/pkg/logging"
)

// Handler returns h with /healthz and /metrics beside it. A panic in h is logged
// and answered with 500.
func Handler(h http.Handler, metrics prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("OK"))
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.Handle("/", recovered(h))
	return mux
}

// Server returns a server for a function's handler, with the logger and metrics of
// ctx in every request's context. Slow senders of headers are cut off; a handler
// sets its own deadline for bodies.
func Server(ctx context.Context, h http.Handler) *http.Server {
	return &http.Server{
		Handler: h,
		// Requests in flight shall end well when ctx does, hence no cancel here.
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(debugWriter{ctx}, "", 0),
	}
}

func serve(ctx context.Context, e Environment, h http.Handler) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(e.Host, strconv.Itoa(e.Port)))
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	logging.FromContext(ctx).Infow("ready", "address", listener.Addr().String())
	return Serve(ctx, listener, e.GracePeriod, h)
}

// Serve serves h on the listener until ctx ends; then requests in flight have the
// grace period to end.
func Serve(ctx context.Context, listener net.Listener, grace time.Duration, h http.Handler) error {
	server := Server(ctx, h)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	// ctx has ended; what is left to do has the grace period.
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(ending); err != nil {
		return errors.Join(fmt.Errorf("stopping: %w", err), server.Close())
	}
	return nil
}

// recovered answers 500 when h panics, so that the caller tries again.
func recovered(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { //nolint:contextcheck // the request has it
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler {
				panic(v)
			}
			logging.FromContext(r.Context()).Errorw("handler panicked", "panic", v, "stack", string(debug.Stack()))
			w.WriteHeader(http.StatusInternalServerError)
		}()
		h.ServeHTTP(w, r)
	})
}

// debugWriter passes net/http's own complaints on, which are about clients.
type debugWriter struct{ ctx context.Context }

func (d debugWriter) Write(line []byte) (int, error) {
	logging.FromContext(d.ctx).Debug(string(line))
	return len(line), nil
}
