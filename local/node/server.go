// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/local/node/fields"
	"github.com/cutwater-ci/cutwater/local/node/logs"
)

// serve answers the API server's requests, as kubelet does, until ctx ends.
func (n *Node) serve(ctx context.Context, listener net.Listener) error {
	certificate, err := selfSigned()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}
	if n.opts.ClientCAs != nil {
		config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, n.opts.ClientCAs
	}
	server := &http.Server{
		Handler: n.handler(), ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	err = server.Serve(tls.NewListener(listener, config))
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving logs: %w", err)
}

// handler is the part of kubelet's API that this node has.
func (n *Node) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) })
	mux.HandleFunc("GET /pods", n.servePods)
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", n.serveLog)
	return mux
}

// servePods lists the pods of this node.
func (n *Node) servePods(w http.ResponseWriter, r *http.Request) {
	var list corev1.PodList
	list.Kind, list.APIVersion = "PodList", "v1"
	n.mu.Lock()
	workers := make([]*worker, 0, len(n.workers))
	for _, worker := range n.workers {
		workers = append(workers, worker)
	}
	n.mu.Unlock()
	for _, worker := range workers {
		pod := worker.pod.DeepCopy()
		pod.Status = worker.status()
		list.Items = append(list.Items, *pod)
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(list); err != nil {
		logging.FromContext(r.Context()).Warnw("listing pods", "error", err)
	}
}

// serveLog sends a container's log.
func (n *Node) serveLog(w http.ResponseWriter, r *http.Request) {
	namespace, podName, name := r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container")
	opts, err := logOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	worker, ok := n.workerOf(namespace, podName)
	if !ok {
		http.Error(w, fmt.Sprintf("pod %q does not exist", podName), http.StatusNotFound)
		return
	}
	i := slices.IndexFunc(worker.containers(), func(c *container) bool { return c.spec.Name == name })
	if i < 0 {
		http.Error(w, fmt.Sprintf("container %q not found in pod %q", name, podName), http.StatusNotFound)
		return
	}
	log, err := worker.containers()[i].logFor(r.URL.Query().Get("previous") == "true")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	out := flushWriter{w: w, flusher: http.NewResponseController(w)}
	if err := out.flusher.Flush(); err != nil {
		return // the reader is gone
	}
	if err := log.Read(r.Context(), opts, out); err != nil && r.Context().Err() == nil {
		logging.FromContext(r.Context()).Warnw("sending a log", "pod", namespace+"/"+podName, "container", name, "error", err)
	}
}

// containers are all of the pod's.
func (w *worker) containers() []*container { return slices.Concat(w.inits, w.mains) }

// logFor is the container's log, or that of its start before the last.
func (c *container) logFor(previous bool) (*logs.Log, error) {
	c.worker.mu.Lock()
	defer c.worker.mu.Unlock()
	switch {
	case previous && c.previous == nil:
		return nil, fmt.Errorf("previous terminated container %q in pod %q not found", c.spec.Name, c.worker.pod.Name)
	case previous:
		return c.previous, nil
	case c.log != nil:
		return c.log, nil
	}
	reason := "no log was kept"
	if waiting := c.status.State.Waiting; waiting != nil {
		reason = waiting.Reason
	}
	return nil, fmt.Errorf("container %q in pod %q is waiting to start: %s", c.spec.Name, c.worker.pod.Name, reason)
}

// logOptions reads the query of a request for a log.
func logOptions(r *http.Request) (logs.Options, error) {
	q := r.URL.Query()
	opts := logs.Options{Follow: q.Get("follow") == "true", Timestamps: q.Get("timestamps") == "true"}
	number := func(name string) (*int64, error) {
		if q.Get(name) == "" {
			return nil, nil
		}
		value, err := strconv.ParseInt(q.Get(name), 10, 64)
		if err != nil || value < 0 {
			return nil, fmt.Errorf("%s must be a number of 0 or more", name)
		}
		return &value, nil
	}
	var err error
	if opts.Tail, err = number("tailLines"); err != nil {
		return opts, err
	}
	if opts.Limit, err = number("limitBytes"); err != nil {
		return opts, err
	}
	seconds, err := number("sinceSeconds")
	if err != nil {
		return opts, err
	}
	if seconds != nil {
		opts.Since = time.Now().Add(-time.Duration(*seconds) * time.Second)
	}
	if text := q.Get("sinceTime"); text != "" {
		if opts.Since, err = time.Parse(time.RFC3339, text); err != nil {
			return opts, fmt.Errorf("sinceTime: %w", err)
		}
	}
	return opts, nil
}

// flushWriter sends at once what is written.
type flushWriter struct {
	w       http.ResponseWriter
	flusher *http.ResponseController
}

func (f flushWriter) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	if err != nil {
		return n, err
	}
	return n, f.flusher.Flush()
}

// selfSigned makes a certificate for as long as this node runs.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making the node's key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "cutwater-node"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.ParseIP(fields.Address)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making the node's certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
