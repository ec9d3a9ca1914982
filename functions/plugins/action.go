// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
)

type actedKey struct{}

// watchActions returns a context, and a function that tells whether anything was
// changed through clients that use a noting transport and that context.
func watchActions(ctx context.Context) (context.Context, func() bool) {
	acted := &atomic.Bool{}
	return context.WithValue(ctx, actedKey{}, acted), acted.Load
}

// noteAction marks the context's plugin as having changed something.
func noteAction(ctx context.Context) {
	if acted, ok := ctx.Value(actedKey{}).(*atomic.Bool); ok {
		acted.Store(true)
	}
}

// noting is a transport that notes successful requests that change something.
type noting struct{ next http.RoundTripper }

func (n noting) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := n.next.RoundTrip(r)
	if err == nil && response.StatusCode < 300 && changes(r) {
		noteAction(r.Context())
	}
	return response, err
}

// changes reports whether the request is neither a read nor a login.
func changes(r *http.Request) bool {
	switch {
	case r.Method == http.MethodGet, r.Method == http.MethodHead, r.Method == http.MethodOptions:
		return false
	case strings.HasSuffix(r.URL.Path, "/access_tokens"):
		return false
	}
	return true
}
