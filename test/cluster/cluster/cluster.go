// SPDX-License-Identifier: Apache-2.0

// Package cluster runs a real Kubernetes of one node on this machine, for tests:
// etcd, the API server, its controllers and scheduler, containerd, kubelet,
// kube-proxy and a DNS server, as processes of the machine in a network namespace
// of their own. Pod Security is enforced as a namespace's labels ask for.
// NetworkPolicies are not: the pods are on a plain bridge, which knows none.
//
// Started by the program test/cluster, and by tests. Its processes outlive who
// started them, and end with Stop. Needs root. Changes, besides the folder of its
// state: a network namespace and cgroups of the cluster's name, and until Stop
// the files that containerd, CNI and kubelet keep at fixed places, and settings of
// the kernel that kubelet changes for the whole machine.
package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/cutwater-ci/cutwater/internal/filelock"
	"github.com/cutwater-ci/cutwater/test/cluster/keys"
	"github.com/cutwater-ci/cutwater/test/cluster/namespace"
	"github.com/cutwater-ci/cutwater/test/cluster/settings"
)

// DefaultState is the folder that holds the clusters' folders by default.
const DefaultState = "/var/lib/cutwater-clusters"

// Options say which cluster. The zero value is useful.
type Options struct {
	// Name tells it from others on the machine: letters and digits; "dev" when empty.
	Name string
	// State is the folder that holds the clusters' folders; DefaultState when
	// empty. Containers' file systems are in there, so it must not be on overlayfs.
	State string
	// Progress is told how the start goes; nil discards it.
	Progress io.Writer
}

// Cluster is a cluster on this machine, running or not.
type Cluster struct {
	namespace namespace.Namespace
	settings  settings.Cluster
	programs  map[string]string // paths of the programs of parts, and others, by name
	progress  io.Writer
}

// record is what a cluster's folder says of it.
type record struct {
	Programs map[string]string `json:"programs"`
	Pause    string            `json:"pause"`
}

const recordFile = "cluster.json"

// ErrNone is the error of Open when there is no such cluster.
var ErrNone = errors.New("there is no such cluster")

// prefix of the names that a cluster has on its machine.
const prefix = "cutwater-"

// describe returns the cluster without looking for it.
func describe(opts Options) (*Cluster, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("a cluster needs root: its kubelet mounts, and makes network namespaces and cgroups")
	}
	if opts.Name == "" {
		opts.Name = "dev"
	}
	if !regexp.MustCompile(`^[a-z0-9]{1,20}$`).MatchString(opts.Name) {
		return nil, fmt.Errorf("%q is not a name for a cluster: want up to 20 small letters and digits", opts.Name)
	}
	if opts.State == "" {
		opts.State = DefaultState
	}
	state, err := filepath.Abs(opts.State)
	if err != nil {
		return nil, err
	}
	if len(state) > 60 { // kubelet's and containerd's sockets are below
		return nil, fmt.Errorf("the path of the state, %s, is longer than 60 characters, too long for sockets", state)
	}
	if opts.Progress == nil {
		opts.Progress = io.Discard
	}
	name := prefix + opts.Name
	return &Cluster{
		namespace: namespace.Namespace{Name: name},
		settings:  settings.Cluster{Name: name, Dir: filepath.Join(state, opts.Name), Addresses: namespace.Default()},
		progress:  opts.Progress,
	}, nil
}

// Open returns a cluster that was started before, also by another process. The
// error is ErrNone if there is none.
func Open(opts Options) (*Cluster, error) {
	c, err := describe(opts)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(c.settings.Path(recordFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: nothing in %s", ErrNone, c.settings.Dir)
	}
	if err != nil {
		return nil, err
	}
	var r record
	if err := json.Unmarshal(content, &r); err != nil {
		return nil, fmt.Errorf("reading the record of the cluster: %w", err)
	}
	c.programs, c.settings.Pause = r.Programs, r.Pause
	return c, nil
}

// Kubeconfig is the path of an administrator's kubeconfig. It works in the
// cluster's network namespace.
func (c *Cluster) Kubeconfig() string { return c.settings.Path("keys", keys.Admin+".kubeconfig") }

// Namespace is the path of the cluster's network namespace.
func (c *Cluster) Namespace() string { return c.namespace.Path() }

// Dir is the folder that holds the cluster's state and, in log, what its parts print.
func (c *Cluster) Dir() string { return c.settings.Dir }

// Config is an administrator's, for clients of this process, which need not be
// in the cluster's network namespace.
func (c *Cluster) Config() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return nil, err
	}
	config.Dial = c.Dial
	return config, nil
}

// Dial connects to an address of the cluster: of the node, a pod or a Service.
// Names are looked up in the cluster's DNS.
func (c *Cluster) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return c.namespace.Dial(ctx, c.settings.DNS(), network, address)
}

// Do runs f in the cluster's network namespace: processes that f starts are in
// there, and so are sockets that it makes without other goroutines.
func (c *Cluster) Do(f func() error) error { return c.namespace.Do(f) }

// lock keeps others from starting or stopping clusters until it is unlocked. The
// last stop removes what it locks.
func (c *Cluster) lock(ctx context.Context) (unlock func(), err error) {
	return filelock.Folder(ctx, filepath.Dir(c.settings.Dir), "waiting for another start or stop of a cluster", c.progress)
}
