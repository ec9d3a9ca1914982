// SPDX-License-Identifier: Apache-2.0

// Package node makes this machine a node of a cluster: it runs pods as
// processes, without a container runtime.
//
// It is kubelet and scheduler in one, for the one-machine mode: it registers a
// Node, binds every unscheduled pod to it, and runs what is bound, with
// init containers, sidecars, restarts, deadlines, volumes, events and logs as
// kubelet has them. The image [HostImage] means this machine's own root; images
// named in [Options] mean programs of this machine; any other is pulled.
//
// Not done, since jobs' pods do without: probes and lifecycle hooks (a running
// container is ready), networks (every pod has the machine's), CPU shares,
// updates of mounted Secrets and ConfigMaps, renewed tokens, exec, attach and
// port-forward. Node selectors, affinities and taints are ignored.
//
// Starts on: the pods of the API server it is given. Changes: their status,
// Events, its Node and Lease; processes; files in its state directory.
// Config: none. In Prow: nothing; there a cluster is required.
package node

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/local/node/cgroup"
	"github.com/cutwater-ci/cutwater/local/node/image"
	"github.com/cutwater-ci/cutwater/local/node/sandbox"
	"github.com/cutwater-ci/cutwater/local/node/volume"
)

// RunIfInit is to be called first thing in main, and in TestMain: the node
// starts its own program again to become each container.
func RunIfInit() { sandbox.Main() }

// Probe finds the best isolation this machine allows. Where it is
// [IsolationNone], the error says in one line why, and what would help.
func Probe(ctx context.Context) (Isolation, error) {
	return sandbox.Probe(ctx, "/proc/self/exe")
}

// Node is one machine of a cluster.
type Node struct {
	opts     Options
	client   kubernetes.Interface
	capacity corev1.ResourceList
	images   *image.Store

	// What follows exists while Run does.
	launcher  *sandbox.Launcher
	cgroups   *cgroup.Parent // nil where memory cannot be limited
	volumes   *volume.Builder
	events    *events
	scheduler *scheduler

	mu       sync.Mutex
	stopping bool
	workers  map[types.UID]*worker
	working  sync.WaitGroup
}

// New prepares a node. It does nothing yet.
func New(opts Options) (*Node, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	// The node is on the API server's own machine: no need to hold back.
	config := rest.CopyConfig(opts.Config)
	config.QPS = -1
	config.UserAgent = "cutwater-node"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making the node's client: %w", err)
	}
	n := &Node{
		opts: opts, client: client, capacity: machineCapacity(opts.MaxPods),
		images: image.NewStore(filepath.Join(opts.StateDir, "images")), workers: map[types.UID]*worker{},
	}
	n.volumes = &volume.Builder{Client: client, Machine: n.capacity}
	n.scheduler = newScheduler(n)
	return n, nil
}

// podDir is where the files of pod are.
func (n *Node) podDir(pod *corev1.Pod) string {
	return filepath.Join(n.podsDir(), string(pod.UID))
}

func (n *Node) podsDir() string { return filepath.Join(n.opts.StateDir, "pods") }

// Run is the node at work. When ctx ends, it stops its pods, whose objects
// stay as they are, and returns nil. A node started later on the same state
// directory then finds them lost.
func (n *Node) Run(ctx context.Context) error {
	unlock, err := n.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := n.prepare(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	defer n.launcher.Close()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening for requests for logs: %w", err)
	}
	// Pods outlive ctx by their grace, so what they need does too.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	n.events = newEvents(life, n.client, n.opts.Name)
	defer n.events.close()

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return n.serve(ctx, listener) })
	group.Go(func() error { return n.beNode(ctx, listener.Addr().(*net.TCPAddr).Port) })
	group.Go(func() error { return n.watchPods(ctx, life) })
	group.Go(func() error { return n.scheduler.run(ctx) })
	err = group.Wait()
	n.stopPods()
	return err
}

// lock makes sure that the state directory is used once.
func (n *Node) lock() (unlock func(), err error) {
	path := filepath.Join(n.opts.StateDir, "lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the node's state directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("another node uses the state directory %s: %w", n.opts.StateDir, err)
	}
	return func() { _ = f.Close() }, nil
}

// prepare finds out what this machine can do.
func (n *Node) prepare(ctx context.Context) error {
	logger := logging.FromContext(ctx)
	if err := killLeftovers(n.podsDir()); err != nil {
		return fmt.Errorf("ending what an earlier node has left: %w", err)
	}
	if n.opts.Isolation == "" {
		var err error
		if n.opts.Isolation, err = sandbox.Probe(ctx, n.opts.Init); ctx.Err() != nil {
			return nil
		} else if err != nil {
			logger.Warnw("pods are not isolated", "error", err)
		}
	}
	var err error
	if n.cgroups, err = cgroup.Find(); err != nil {
		logger.Infow("memory limits of pods are ignored", "error", err)
	}
	n.launcher = sandbox.NewLauncher(n.opts.Init)
	return nil
}

// stopPods stops the running pods and waits for their workers.
func (n *Node) stopPods() {
	n.mu.Lock()
	n.stopping = true
	for _, w := range n.workers {
		w.halt.begin(stopShutdown, n.opts.ShutdownGrace)
		w.markDeleted()
		w.markGone()
	}
	n.mu.Unlock()
	n.working.Wait()
}
