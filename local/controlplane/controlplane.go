// SPDX-License-Identifier: Apache-2.0

// Package controlplane runs a real etcd and kube-apiserver on this machine, as
// two child processes. There is no scheduler, controller manager or kubelet:
// in the one-machine mode local/node runs the pods.
//
// Started by `cutwater up` and by tests. Changes nothing outside its folder.
package controlplane

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-logr/logr"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// Options say how to run the control plane. The zero value is useful.
type Options struct {
	// Dir holds keys and etcd's data; a temporary folder when empty.
	Dir string
	// Port is the API server's on 127.0.0.1; 0 picks a free one.
	Port int
	// CRDs are installed before Start returns.
	CRDs []*apiextensionsv1.CustomResourceDefinition
	// Progress is told about the first build of the binaries; nil discards it.
	Progress io.Writer
	// Log gets what etcd and the API server print; nil keeps only the end of
	// it, for the error of a failed start.
	Log io.Writer
	// Audit is a file that gets a line of JSON, an audit.k8s.io/v1 Event, for each request
	// to the API server; none when empty.
	Audit string
}

// ControlPlane is a running etcd and API server.
type ControlPlane struct {
	// Config is an administrator's.
	Config *rest.Config
	// Kubeconfig is Config as a file's content.
	Kubeconfig []byte
	// KubeletClientCA signs the certificate that the API server shows to kubelets.
	KubeletClientCA *x509.CertPool

	env *envtest.Environment
	dir string // to remove at the end; empty when it is the caller's
}

// Start brings etcd and the API server up. The caller must Stop it.
func Start(ctx context.Context, opts Options) (*ControlPlane, error) {
	if opts.Progress == nil {
		opts.Progress = io.Discard
	}
	assets, err := Binaries(ctx, opts.Progress)
	if err != nil {
		return nil, err
	}
	plane := &ControlPlane{}
	var said tail
	if opts.Log == nil {
		opts.Log = &said
	}
	if opts.Dir == "" {
		if opts.Dir, err = os.MkdirTemp("", "cutwater-controlplane-"); err != nil {
			return nil, err
		}
		plane.dir = opts.Dir
	}
	if plane.env, err = plane.environment(opts, assets); err != nil {
		plane.removeDir()
		return nil, err
	}
	ctrllog.SetLogger(logr.Discard()) // envtest logs by controller-runtime's global logger, and complains without one
	if plane.Config, err = plane.env.Start(); err != nil {
		_ = plane.env.Stop()
		plane.removeDir()
		return nil, fmt.Errorf("starting etcd and kube-apiserver: %w\n%s", err, said.String())
	}
	plane.Kubeconfig = plane.env.KubeConfig
	return plane, nil
}

// Stop ends both processes.
func (p *ControlPlane) Stop() error {
	err := p.env.Stop()
	p.removeDir()
	if err != nil {
		return fmt.Errorf("stopping etcd and kube-apiserver: %w", err)
	}
	return nil
}

func (p *ControlPlane) removeDir() {
	if p.dir != "" {
		_ = os.RemoveAll(p.dir)
	}
}

func (p *ControlPlane) environment(opts Options, assets string) (*envtest.Environment, error) {
	kubelet, err := newClientCertificate(filepath.Join(opts.Dir, "kubelet-client"))
	if err != nil {
		return nil, fmt.Errorf("making the API server's certificate for kubelets: %w", err)
	}
	p.KubeletClientCA = kubelet.pool

	env := &envtest.Environment{
		BinaryAssetsDirectory:    assets,
		CRDs:                     opts.CRDs,
		ControlPlaneStartTimeout: time.Minute,
		ControlPlaneStopTimeout:  time.Minute,
	}
	etcd := &envtest.Etcd{DataDir: filepath.Join(opts.Dir, "etcd"), Out: opts.Log, Err: opts.Log}
	if err := os.MkdirAll(etcd.DataDir, 0o700); err != nil {
		return nil, err
	}
	// The data lives for one run of this machine's mode, so a crash of the
	// machine may lose it; waiting for the disk at each write would only be slow.
	etcd.Configure().Set("unsafe-no-fsync", "true")
	env.ControlPlane.Etcd = etcd

	apiServer := env.ControlPlane.GetAPIServer()
	apiServer.Out, apiServer.Err = opts.Log, opts.Log
	if opts.Port != 0 {
		apiServer.SecureServing.Address, apiServer.SecureServing.Port = "127.0.0.1", strconv.Itoa(opts.Port)
	}
	apiServer.Configure().
		Set("allow-privileged", "true").
		Set("kubelet-client-certificate", kubelet.certFile).
		Set("kubelet-client-key", kubelet.keyFile).
		Set("kubelet-preferred-address-types", "InternalIP").
		Set("max-requests-inflight", "2000").
		Set("max-mutating-requests-inflight", "1000").
		Set("profiling", "false")
	if opts.Audit != "" {
		policy := filepath.Join(opts.Dir, "audit-policy.yaml")
		if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
			return nil, err
		}
		apiServer.Configure().Set("audit-policy-file", policy).Set("audit-log-path", opts.Audit)
	}
	return env, nil
}

// auditPolicy keeps who asked for what.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
`
