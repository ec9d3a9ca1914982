// SPDX-License-Identifier: Apache-2.0

package ingress

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
)

// Proxy sends requests where the ingresses say.
type Proxy struct {
	table     atomic.Pointer[table]
	transport http.RoundTripper
}

// NewProxy returns a proxy that knows no route yet.
func NewProxy() *Proxy {
	// One connection for each request: behind a service's address is the activator
	// while there are no pods, and then the pods, and a connection that is kept
	// leads to where the service once was.
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy, transport.DisableKeepAlives, transport.DisableCompression = nil, true, true
	p := &Proxy{transport: transport}
	p.table.Store(&table{})
	return p
}

// handler serves one side of the cluster.
func (p *Proxy) handler(external bool) http.Handler {
	type destination struct {
		route
		split
	}
	type key struct{}
	forward := &httputil.ReverseProxy{
		Transport: p.transport, FlushInterval: -1, // logs are followed
		Rewrite: func(r *httputil.ProxyRequest) {
			to, _ := r.In.Context().Value(key{}).(destination)
			r.SetURL(&url.URL{Scheme: "http", Host: to.address})
			r.SetXForwarded()
			r.Out.Host = r.In.Host
			if to.host != "" {
				r.Out.Host = to.host
			}
			for name, value := range to.split.headers {
				r.Out.Header.Set(name, value)
			}
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found, ok := p.table.Load().find(r, external)
		if !ok {
			http.Error(w, "no ingress has this host and path", http.StatusNotFound)
			return
		}
		to, ok := found.pick(rand.IntN(100)) //nolint:gosec // shares, not secrets
		if !ok {
			http.Error(w, "the ingress sends this request nowhere", http.StatusBadGateway)
			return
		}
		ctx := context.WithValue(r.Context(), key{}, destination{route: found, split: to})
		forward.ServeHTTP(w, r.WithContext(ctx))
	})
}
