// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

// minScale keeps a function up although nothing asks for it.
const minScale = "autoscaling.knative.dev/min-scale"

// activator is a function's front: it starts an instance when a request comes
// and there is none, and stops it when none has come for a while.
type activator struct {
	workload  Workload
	starter   Starter
	idleAfter time.Duration // 0 is never
	slots     chan struct{} // nil when any number of requests may be under way
	timeout   time.Duration
	log       *zap.SugaredLogger
	ctx       context.Context // that of the instances, which outlive the request that started them

	mu       sync.Mutex
	instance Instance
	requests int // under way
	idle     *time.Timer
}

func (m *Mesh) startFunction(ctx context.Context, f *servingv1.Service) error {
	template := f.Spec.Template
	workload, err := m.workload(f.Namespace, f.Name, template.Spec.PodSpec)
	if err != nil {
		return err
	}
	a := &activator{
		workload: workload, starter: m.opts.Starter, idleAfter: m.opts.IdleAfter,
		timeout: 5 * time.Minute, // Knative's default
		log:     m.opts.Log.With("function", f.Name), ctx: ctx,
	}
	if scale := template.Annotations[minScale]; scale != "" && scale != "0" {
		a.idleAfter = 0
	}
	if limit := template.Spec.ContainerConcurrency; limit != nil && *limit > 0 {
		a.slots = make(chan struct{}, *limit)
	}
	if seconds := template.Spec.TimeoutSeconds; seconds != nil {
		a.timeout = time.Duration(*seconds) * time.Second
	}
	m.functions[key(f.Namespace, f.Name)] = a
	m.serve(ctx, key(f.Namespace, f.Name), a)
	return nil
}

// ServeHTTP hands the request to the instance, which it starts if need be.
func (a *activator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), a.timeout)
	defer cancel()
	if a.slots != nil {
		select {
		case a.slots <- struct{}{}:
			defer func() { <-a.slots }()
		case <-ctx.Done():
			http.Error(w, "too many requests are under way", http.StatusServiceUnavailable)
			return
		}
	}
	instance, err := a.acquire()
	if err != nil {
		a.log.Errorw("Starting a function", zap.Error(err))
		http.Error(w, fmt.Sprintf("starting %s: %v", a.workload.Name, err), http.StatusServiceUnavailable)
		return
	}
	defer a.release()
	instance.ServeHTTP(w, r.WithContext(ctx))
}

// acquire returns the instance, started if there is none or it has ended.
// Requests that come meanwhile wait for the one start.
func (a *activator) acquire() (Instance, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.instance != nil {
		select {
		case <-a.instance.Done():
			a.instance = nil
		default:
		}
	}
	if a.instance == nil {
		started := time.Now()
		instance, err := a.starter.Start(a.ctx, a.workload)
		if err != nil {
			return nil, err
		}
		a.log.Infow("Started a function", "took", time.Since(started))
		a.instance = instance
	}
	if a.idle != nil {
		a.idle.Stop()
		a.idle = nil
	}
	a.requests++
	return a.instance, nil
}

// release ends a request; the last one starts the clock.
func (a *activator) release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests--
	if a.requests > 0 || a.idleAfter == 0 {
		return
	}
	a.idle = time.AfterFunc(a.idleAfter, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.requests == 0 && a.instance != nil {
			a.instance.Stop()
			a.instance = nil
			a.log.Infow("Stopped an idle function")
		}
	})
}

// stop ends the instance, when the mesh ends.
func (a *activator) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.idle != nil {
		a.idle.Stop()
	}
	if a.instance != nil {
		a.instance.Stop()
		a.instance = nil
	}
}
