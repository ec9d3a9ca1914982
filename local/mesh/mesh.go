// SPDX-License-Identifier: Apache-2.0

// Package mesh does on one machine what Knative does in a cluster, as far as
// our manifests ask for it: it starts functions when a request comes and stops
// them when they are idle, fans events out from the broker by Triggers with
// retries, rings PingSources, gives subjects of SinkBindings their K_SINK, and
// keeps Deployments running.
//
// Started by `cutwater up` and the stories of test/e2e. Reads the manifests of
// deploy/; changes nothing but its own processes and listeners.
package mesh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/dynamic"

	"github.com/cutwater-ci/cutwater/local/manifests"
)

// Options say how the mesh runs what the manifests describe.
type Options struct {
	// Manifests are what to run.
	Manifests *manifests.Set
	// Starter starts functions and deployments by their images.
	Starter Starter
	// Listen maps a function's name to the address it listens on; others get a
	// free port of 127.0.0.1.
	Listen map[string]string
	// Files maps "configmap/<name>" and "secret/<name>" to the folder that
	// stands for that volume. Paths in environment variables follow.
	Files map[string]string
	// Values override the data of ConfigMaps, by "<name>/<key>".
	Values map[string]string
	// Env is added to the environment of a workload, by its name.
	Env map[string]map[string]string
	// Kubeconfig is the file with which a service account reaches the API server.
	Kubeconfig func(namespace, serviceAccount string) (string, error)
	// PingSources is the API server whose PingSources are honoured beside those of the manifests; nil is none.
	PingSources dynamic.Interface
	// IdleAfter is how long a function without requests stays up; a minute when 0.
	IdleAfter time.Duration
	// Log gets what happens.
	Log *zap.SugaredLogger
}

// Mesh is running functions, brokers, sources and deployments.
type Mesh struct {
	opts      Options
	functions map[string]*activator // by namespace/name
	listeners map[string]net.Listener
	servers   sync.WaitGroup
	cancel    context.CancelFunc
	work      *errgroup.Group

	mu   sync.Mutex
	rung map[string]*rung // PingSources by namespace/name
}

// Start listens for every function and broker, and starts what runs for ever.
// The mesh ends with ctx or by Stop.
func Start(ctx context.Context, opts Options) (*Mesh, error) {
	if opts.IdleAfter == 0 {
		opts.IdleAfter = time.Minute
	}
	if opts.Log == nil {
		opts.Log = zap.NewNop().Sugar()
	}
	m := &Mesh{opts: opts, functions: map[string]*activator{}, listeners: map[string]net.Listener{}, rung: map[string]*rung{}}
	ctx, m.cancel = context.WithCancel(ctx)
	m.work, ctx = errgroup.WithContext(ctx)
	if err := m.start(ctx); err != nil {
		m.Stop()
		return nil, err
	}
	return m, nil
}

func (m *Mesh) start(ctx context.Context) error {
	set := m.opts.Manifests
	for _, b := range set.Brokers {
		if err := m.listen(key(b.Namespace, "broker/"+b.Name), ""); err != nil {
			return err
		}
	}
	for _, f := range set.Functions {
		if err := m.listen(key(f.Namespace, f.Name), m.opts.Listen[f.Name]); err != nil {
			return err
		}
	}
	for _, b := range set.Brokers {
		if err := m.startBroker(ctx, b.Namespace, b.Name); err != nil {
			return err
		}
	}
	for _, f := range set.Functions {
		if err := m.startFunction(ctx, f); err != nil {
			return fmt.Errorf("function %s: %w", f.Name, err)
		}
	}
	for _, s := range set.PingSources {
		if err := m.startPingSource(ctx, s); err != nil {
			return fmt.Errorf("ping source %s: %w", s.Name, err)
		}
	}
	if m.opts.PingSources != nil {
		if err := m.followPingSources(ctx); err != nil {
			return fmt.Errorf("watching ping sources: %w", err)
		}
	}
	for _, d := range set.Deployments {
		if err := m.startDeployment(ctx, d); err != nil {
			return fmt.Errorf("deployment %s: %w", d.Name, err)
		}
	}
	return nil
}

// URL is where a function answers, without a path.
func (m *Mesh) URL(namespace, function string) string {
	return "http://" + m.listeners[key(namespace, function)].Addr().String()
}

// Stop ends everything and waits until it has ended.
func (m *Mesh) Stop() {
	m.cancel()
	_ = m.work.Wait() // what fails is logged where it fails
	for _, listener := range m.listeners {
		_ = listener.Close()
	}
	m.servers.Wait()
	for _, function := range m.functions {
		function.stop()
	}
}

func (m *Mesh) listen(name, address string) error {
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listening for %s: %w", name, err)
	}
	m.listeners[name] = listener
	return nil
}

// serve answers on a listener until the mesh ends.
func (m *Mesh) serve(ctx context.Context, name string, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	listener := m.listeners[name]
	m.servers.Go(func() {
		if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			m.opts.Log.Errorw("Stopped listening", "name", name, zap.Error(err))
		}
	})
	m.work.Go(func() error {
		<-ctx.Done()
		// The requests under way may still finish.
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close()
		}
		return nil
	})
}

// workload resolves the one container of a pod template.
func (m *Mesh) workload(namespace, name string, pod corev1.PodSpec) (Workload, error) {
	if len(pod.Containers) != 1 {
		return Workload{}, fmt.Errorf("%d containers; the mesh runs one", len(pod.Containers))
	}
	env, err := m.environment(namespace, name, pod)
	return Workload{Name: name, Image: pod.Containers[0].Image, Env: env}, err
}

func key(namespace, name string) string { return namespace + "/" + name }
