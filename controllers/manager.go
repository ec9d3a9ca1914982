// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/config"
)

// newManager makes the controllers that are asked for.
func newManager(ctx context.Context, e Environment, kubernetes *rest.Config, snapshot func() *config.Config) (func(context.Context) error, error) {
	timing, err := parseElection(e.LeaderElection)
	if err != nil {
		return nil, err
	}
	identity, err := e.identity()
	if err != nil {
		return nil, err
	}
	atStart := snapshot()
	cluster, err := newCluster(ctx, kubernetes, atStart.ProwJobNamespace, atStart.PodNamespace, timing)
	if err != nil {
		return nil, err
	}
	m := &manager{cluster: cluster}
	if timing != nil {
		if m.replica, err = newReplica(cluster.leases.CoordinationV1(), atStart.ProwJobNamespace, identity, *timing); err != nil {
			return nil, err
		}
	}
	injected := cluster.inject(ctx)
	for _, wanted := range e.Controllers {
		at := slices.IndexFunc(all(), func(n named) bool { return n.name == wanted })
		if at < 0 {
			return nil, fmt.Errorf("CONTROLLERS: there is no controller %q", wanted)
		}
		c := all()[at]
		impl, err := c.make(injected, shared{environment: e, config: snapshot, cluster: cluster})
		if err != nil {
			return nil, fmt.Errorf("making controller %s: %w", c.name, err)
		}
		m.elected = append(m.elected, candidate{lease: c.lease, impl: impl})
	}
	return m.run, nil
}

// identity tells this process from other replicas.
func (e Environment) identity() (string, error) {
	if e.Identity != "" {
		return e.Identity, nil
	}
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("finding a name for this replica (or set POD_NAME): %w", err)
	}
	return host + "_" + uuid.NewString(), nil
}

// manager runs controllers over one cluster's caches.
type manager struct {
	cluster *cluster
	replica *replica // nil when it is the only one
	elected []candidate
}

// candidate is a controller and the lease that it must hold to work.
type candidate struct {
	lease string
	impl  *controller.Impl
}

// run runs the controllers until ctx ends or one of them fails.
func (m *manager) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer m.cluster.shutdown()
	defer cancel() // first, so that shutdown need not wait for it
	if err := m.cluster.start(ctx, logging.FromContext(ctx)); err != nil {
		return nil // it was stopped before it could begin
	}
	group, stop := errgroup.WithContext(ctx)
	// Work outlives the stop, for a while: what has been begun shall end well.
	working, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	defer context.AfterFunc(stop, func() { time.AfterFunc(stopGrace, end) })()
	for _, c := range m.elected {
		worker, err := newElected(stop, c.impl, m.cluster.untilFresh)
		if err != nil {
			return err
		}
		leave := func() {}
		if m.replica != nil {
			if leave, err = m.replica.add(c.lease, worker); err != nil {
				return err
			}
		} else {
			go worker.serve(newTerm(working)) //nolint:contextcheck // a term is a context
		}
		group.Go(func() error {
			defer leave()
			return c.impl.Run(stop)
		})
	}
	if m.replica != nil {
		m.replica.run(working, stop)
	}
	return group.Wait()
}
