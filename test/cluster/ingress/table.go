// SPDX-License-Identifier: Apache-2.0

package ingress

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"

	"knative.dev/networking/pkg/apis/networking/v1alpha1"
)

// table is what all ingresses say together: routes by host, of which the first
// that matches counts.
type table map[string][]route

// route is one path of one rule.
type route struct {
	external bool // seen from outside the cluster
	path     string
	match    map[string]string // headers that a request must have
	host     string            // what the service is to see as host; empty leaves it
	headers  map[string]string
	splits   []split
}

// split is a share of the requests, in percent, and where it goes.
type split struct {
	percent int
	address string
	headers map[string]string
}

// newTable reads the ingresses' rules.
func newTable(ingresses []*v1alpha1.Ingress) table {
	t := table{}
	for _, i := range ingresses {
		for _, rule := range i.Spec.Rules {
			if rule.HTTP == nil {
				continue
			}
			for _, host := range rule.Hosts {
				for _, path := range rule.HTTP.Paths {
					t[host] = append(t[host], newRoute(path, rule.Visibility != v1alpha1.IngressVisibilityClusterLocal))
				}
			}
		}
	}
	for host := range t {
		slices.SortStableFunc(t[host], func(a, b route) int {
			return cmp.Or(cmp.Compare(len(b.match), len(a.match)), cmp.Compare(len(b.path), len(a.path)))
		})
	}
	return t
}

func newRoute(path v1alpha1.HTTPIngressPath, external bool) route {
	r := route{external: external, path: path.Path, host: path.RewriteHost, match: map[string]string{}, headers: path.AppendHeaders}
	for name, match := range path.Headers {
		r.match[name] = match.Exact
	}
	for _, s := range path.Splits {
		headers := maps.Clone(r.headers)
		if headers == nil {
			headers = map[string]string{}
		}
		maps.Copy(headers, s.AppendHeaders)
		r.splits = append(r.splits, split{
			percent: s.Percent, headers: headers,
			// The dot keeps the resolver from trying its search domains first.
			address: fmt.Sprintf("%s.%s.svc.cluster.local.:%s", s.ServiceName, s.ServiceNamespace, s.ServicePort.String()),
		})
	}
	return r
}

// find returns the route of a request, if there is one for its side.
func (t table) find(r *http.Request, external bool) (route, bool) {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	for _, route := range t[strings.ToLower(host)] {
		if route.matches(r) && (route.external || !external) {
			return route, true
		}
	}
	return route{}, false
}

func (r route) matches(request *http.Request) bool {
	for name, value := range r.match {
		if request.Header.Get(name) != value {
			return false
		}
	}
	return strings.HasPrefix(request.URL.Path, r.path)
}

// pick returns where the request goes that drew n of 0 to 99. Shares that are
// not given make a single split, which gets all.
func (r route) pick(n int) (split, bool) {
	for _, s := range r.splits {
		if n -= s.percent; n < 0 || len(r.splits) == 1 {
			return s, true
		}
	}
	return split{}, false
}
