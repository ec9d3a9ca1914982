// SPDX-License-Identifier: Apache-2.0

package node

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"

	"github.com/cutwater-ci/cutwater/local/node/sandbox"
)

// HostImage is the name of the image that means this machine's own root.
const HostImage = "host"

// Isolation says how far pods are separated from the machine.
type Isolation = sandbox.Isolation

// The kinds of isolation, best first.
const (
	IsolationRoot          = sandbox.Root
	IsolationUserNamespace = sandbox.UserNamespace
	IsolationNone          = sandbox.None
)

// Image is a program of this machine that goes by the name of an image.
type Image struct {
	// Entrypoint is the program's absolute path and its first arguments.
	Entrypoint []string
}

// Options configures a node. Config and StateDir are required.
type Options struct {
	// Config reaches the API server; the node needs full rights.
	Config *rest.Config

	// Name is the Node object's. Default: "local".
	Name string

	// StateDir holds images, logs and the running pods' files. One node at a
	// time may use it.
	StateDir string

	// Images maps names of images to programs of this machine.
	Images map[string]Image

	// HostEnv is the environment containers on this machine's own root start
	// with: PATH and HOME, say. Default: a usual PATH.
	HostEnv []string

	// Hide lists directories of this machine that no container sees. StateDir
	// is always hidden.
	Hide []string

	// Share lists directories of this machine that the programs in Images may
	// write to, as pod utilities must to a bucket that is a folder. Jobs' own
	// containers may not: their writes stay in the container.
	Share []string

	// Isolation is what [Probe] found. Default: asks Probe.
	Isolation Isolation

	// MaxPods is how many pods run at the same time; more wait unscheduled.
	// Default: 110.
	MaxPods int

	// ClientCAs signs the certificates of those who may read logs. Nil: every
	// caller on this machine may.
	ClientCAs *x509.CertPool

	// Init is a program whose main calls [RunIfInit] first, started for each
	// container; a small one starts faster. Default: this program.
	Init string

	// Backoff is the first pause before a failed container or image pull is
	// tried again; it doubles up to thirty times itself. Default: 10 s.
	Backoff time.Duration

	// RetryInterval is the pause before a missing Secret, ConfigMap or volume
	// is looked for again. Default: 2 s.
	RetryInterval time.Duration

	// ShutdownGrace is how long pods get to end when the node itself ends.
	// Default: 2 s.
	ShutdownGrace time.Duration

	// LogLimit is how many bytes of a container's log are kept, at least;
	// twice as many at most. Default: 10 MiB.
	LogLimit int64
}

// withDefaults returns o checked and completed.
func (o Options) withDefaults() (Options, error) {
	if o.Config == nil || o.StateDir == "" {
		return o, errors.New("node: Config and StateDir are required")
	}
	for name, image := range o.Images {
		if len(image.Entrypoint) == 0 || !filepath.IsAbs(image.Entrypoint[0]) {
			return o, fmt.Errorf("node: image %q needs an entrypoint with an absolute path", name)
		}
	}
	setDefault(&o.Name, "local")
	setDefault(&o.MaxPods, 110)
	setDefault(&o.Init, "/proc/self/exe")
	setDefault(&o.Backoff, 10*time.Second)
	setDefault(&o.RetryInterval, 2*time.Second)
	setDefault(&o.ShutdownGrace, 2*time.Second)
	setDefault(&o.LogLimit, 10<<20)
	if o.HostEnv == nil {
		o.HostEnv = []string{"PATH=" + sandbox.DefaultPath}
	}
	if err := os.MkdirAll(o.StateDir, 0o700); err != nil {
		return o, fmt.Errorf("making the node's state directory: %w", err)
	}
	dir, err := filepath.Abs(o.StateDir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return o, fmt.Errorf("resolving the node's state directory: %w", err)
	}
	o.StateDir = dir
	return o, nil
}

// setDefault gives *v the value def where it has none.
func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}
