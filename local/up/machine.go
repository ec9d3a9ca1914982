// SPDX-License-Identifier: Apache-2.0

// Package up is the one-machine mode: it puts a GitHub, a control plane, a node
// and the mesh together, and runs Cutwater on them from the manifests of
// deploy/, in one process tree that ends with it.
//
// Started by `cutwater up` and by the stories of test/e2e. Changes nothing
// outside of its state folder.
package up

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/deploy"
	"github.com/cutwater-ci/cutwater/internal/client/clientset/versioned"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/local/controlplane"
	"github.com/cutwater-ci/cutwater/local/manifests"
	"github.com/cutwater-ci/cutwater/local/mesh"
	"github.com/cutwater-ci/cutwater/local/node"
)

// Machine is everything, up and running.
type Machine struct {
	Connection
	// Forge is its GitHub.
	Forge *Forge
	// Kube and ProwJobs are an administrator's clients.
	Kube     kubernetes.Interface
	ProwJobs versioned.Interface
	// Bucket is the folder with the results and the inbox.
	Bucket string
	// Mesh runs the functions and the controller.
	Mesh *mesh.Mesh
	// Plane is etcd and the API server.
	Plane *controlplane.ControlPlane

	opts    Options
	state   *state
	log     *zap.SugaredLogger
	steps   *steps
	cancel  context.CancelFunc
	running sync.WaitGroup
	ends    []func() // to call in the end, the last first
}

// Repository is the one that the machine is about.
func (m *Machine) Repository() github.Repo { return github.Repo{Org: m.Org, Name: m.Repo} }

// Start brings everything up. The machine runs until Stop, or until ctx ends.
func Start(ctx context.Context, opts Options) (*Machine, error) {
	if opts.Progress == nil {
		opts.Progress = io.Discard
	}
	if err := opts.check(ctx); err != nil {
		return nil, err
	}
	if err := opts.checkConfiguration(ctx); err != nil {
		return nil, err
	}
	state, err := openState(opts.State)
	if err != nil {
		return nil, err
	}
	m := &Machine{opts: opts, state: state, steps: newSteps(opts.Progress)}
	ctx, m.cancel = context.WithCancel(ctx)
	if err := m.start(ctx); err != nil {
		m.Stop()
		return nil, err
	}
	return m, nil
}

func (m *Machine) start(ctx context.Context) error {
	if err := m.openLog(); err != nil {
		return err
	}
	set, err := manifests.Load(deploy.Files)
	if err != nil {
		return err
	}
	if m.Bucket, err = m.state.mkdir("bucket"); err != nil {
		return err
	}
	for _, step := range []struct {
		name string
		run  func() error
	}{
		{"a GitHub with the repository", func() error { return m.startForge(ctx) }},
		{"etcd and the API server", func() error { return m.startControlPlane(ctx, set) }},
		{"a node that runs pods", func() error { return m.startNode(ctx) }},
		{"functions and the controller, from deploy/", func() error { return m.startMesh(ctx, set) }},
	} {
		if err := step.run(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		m.steps.print("up: %s", step.name)
	}
	return m.connect()
}

// Stop ends everything, and waits until it has ended. What is in the state
// folder stays, to be looked at.
func (m *Machine) Stop() {
	m.cancel()
	if m.Mesh != nil {
		m.Mesh.Stop()
	}
	m.running.Wait()
	for _, end := range slices.Backward(m.ends) {
		end()
	}
	m.state.forgetConnection()
	m.state.close()
}

// openLog has every part log to one file, unless the caller takes it.
func (m *Machine) openLog() error {
	out := m.opts.Log
	if out == nil {
		file, err := os.Create(m.state.path("log"))
		if err != nil {
			return fmt.Errorf("the log cannot be written: %w", err)
		}
		m.ends = append(m.ends, func() { _ = file.Close() })
		out = file
	}
	m.log = newLogger(out)
	return klogTo(out)
}

func (m *Machine) startControlPlane(ctx context.Context, set *manifests.Set) error {
	dir, err := m.state.mkdir("controlplane")
	if err != nil {
		return err
	}
	m.Plane, err = controlplane.Start(ctx, controlplane.Options{
		Dir: dir, Port: m.opts.APIPort, CRDs: append(mesh.CRDs(), set.CRDs...), Progress: m.opts.Progress, Audit: m.opts.Audit,
	})
	if err != nil {
		return err
	}
	m.ends = append(m.ends, func() {
		if err := m.Plane.Stop(); err != nil {
			m.log.Errorw("Stopping the control plane", zap.Error(err))
		}
	})
	if err := m.state.write(m.Plane.Kubeconfig, "kubeconfig"); err != nil {
		return err
	}
	m.Kubeconfig = m.state.path("kubeconfig")
	if m.Kube, err = kubernetes.NewForConfig(m.Plane.Config); err != nil {
		return err
	}
	if m.ProwJobs, err = versioned.NewForConfig(m.Plane.Config); err != nil {
		return err
	}
	if err := applyManifests(ctx, m.Kube, set); err != nil {
		return err
	}
	return awaitReady(ctx, m.Kube, m.ProwJobs, set)
}

func (m *Machine) startNode(ctx context.Context) error {
	programs, err := filepath.Abs(m.opts.Programs)
	if err != nil {
		return err
	}
	images := map[string]node.Image{}
	for _, name := range utilities() {
		images[imagePrefix+name] = node.Image{Entrypoint: []string{filepath.Join(programs, name)}}
	}
	isolation, err := node.Probe(ctx)
	if err != nil {
		// Said once, and not fatal: pods that need no more still run.
		m.steps.print("note: %v", err)
	}
	n, err := node.New(node.Options{
		Config: m.Plane.Config, StateDir: m.state.path("node"), Images: images, Isolation: isolation,
		ClientCAs: m.Plane.KubeletClientCA, Init: filepath.Join(programs, containerInit),
		HostEnv: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")},
		Share:   []string{m.Bucket}, // which may be below /tmp
		// Jobs are to see the machine, not the keys and tokens of what runs them.
		Hide: []string{m.state.dir},
	})
	if err != nil {
		return err
	}
	ctx = logging.WithLogger(ctx, m.log.Named("node"))
	m.running.Go(func() {
		if err := n.Run(ctx); err != nil && ctx.Err() == nil {
			m.log.Errorw("The node ended", zap.Error(err))
		}
	})
	return nil
}

// startMesh runs what deploy/ describes, with this machine's settings.
func (m *Machine) startMesh(ctx context.Context, set *manifests.Set) error {
	var err error
	bucket := "file://" + m.Bucket
	listen := map[string]string{"deck": address(m.opts.DeckPort), "hook": address(m.opts.HookPort)}
	if m.opts.DeckPort == 0 { // its address is part of the configuration, so it is settled first
		if listen["deck"], err = freeAddress(); err != nil {
			return err
		}
	}
	m.Deck = "http://" + listen["deck"]
	if err := writeConfiguration(m.state, m.opts, m.Org, bucket, m.Deck); err != nil {
		return err
	}
	files := map[string]string{
		"secret/hmac-token": m.state.path("secrets", "hmac-token"), "secret/github-token": m.state.path("secrets", "github-token"),
		"configmap/config": m.state.path("configmaps", "config"), "configmap/plugins": m.state.path("configmaps", "plugins"),
		"configmap/job-config": m.state.path("configmaps", "job-config"),
	}
	if m.opts.Jobs != "" {
		if files["configmap/job-config"], err = filepath.Abs(m.opts.Jobs); err != nil {
			return err
		}
	}
	starter := m.opts.Starter
	if starter == nil {
		starter = inProcess(m.log)
	}
	pingSources, err := dynamic.NewForConfig(m.Plane.Config)
	if err != nil {
		return err
	}
	hook, err := m.hookApp()
	if err != nil {
		return err
	}
	m.Mesh, err = mesh.Start(ctx, mesh.Options{
		Manifests: set, Starter: starter, Listen: listen, Files: files, Log: m.log, PingSources: pingSources,
		Values: map[string]string{
			"settings/bucket": bucket, "settings/github-endpoint": m.Forge.URL(),
			"settings/github-graphql-endpoint": m.Forge.URL() + "/graphql", "settings/github-host": m.Forge.URL(),
		},
		Kubeconfig: func(namespace, serviceAccount string) (string, error) {
			return kubeconfigFor(m.state, m.Plane.Kubeconfig, namespace, serviceAccount)
		},
		Env: map[string]map[string]string{
			"controller": {"PORT": "0", "HOST": "127.0.0.1"},
			"plugins":    {"HOST": "127.0.0.1"}, "hook": hook, "deck": {"HOST": "127.0.0.1"},
			"sinker": {"HOST": "127.0.0.1"}, "horologium": {"HOST": "127.0.0.1"},
		},
	})
	if err != nil {
		return err
	}
	m.Hook = m.Mesh.URL(jobNamespace, "hook") + "/hook"
	return m.Forge.sendWebhooksTo(m.Hook)
}

// connect tells other shells how to reach the machine.
func (m *Machine) connect() error {
	m.Connection.Forge = m.Forge.URL()
	m.Namespace = jobNamespace
	m.Tokens = m.Forge.tokens()
	return m.state.writeConnection(m.Connection)
}

// PrintAddresses says where everything is, and what to do next.
func (m *Machine) PrintAddresses(out io.Writer) {
	self := "cutwater"
	if path, err := os.Executable(); err == nil {
		if wd, err := os.Getwd(); err == nil {
			if rel, err := filepath.Rel(wd, path); err == nil && !strings.HasPrefix(rel, "..") {
				self = rel
			}
		}
	}
	if dir, err := DefaultState(); err != nil || dir != m.state.dir {
		self += " --state " + m.state.dir
	}
	fmt.Fprintf(out, `
  web page    %s
  GitHub      %s/%s
  webhooks    %s
  kubectl     kubectl --kubeconfig %s -n %s get prowjobs
  results     %s
  logs        %s

In another shell:
  %[9]s comment 1 /test all
  %[9]s comment 1 /ok-to-test   # from now on, pushes to it are tested, too
  %[9]s push 1
  %[9]s jobs

Ctrl-C ends it.
`, m.Deck, m.Forge.URL(), m.Repository(), m.Hook, m.Kubeconfig, jobNamespace, m.Bucket, m.state.path("log"), self)
}

// steps prints what happens, with the time since the start.
type steps struct {
	mu    sync.Mutex
	out   io.Writer
	begun time.Time
}

func newSteps(out io.Writer) *steps { return &steps{out: out, begun: time.Now()} }

func (s *steps) print(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, "%7.2fs  %s\n", time.Since(s.begun).Seconds(), fmt.Sprintf(format, args...))
}

var errNotGreen = errors.New("the demonstration did not turn green")
