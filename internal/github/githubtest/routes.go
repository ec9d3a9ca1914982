// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"net/http"
	"net/url"
	"strings"
)

// routes lists what the server can do; the operations are in rest_*.go.
func (s *Server) routes() router {
	var all router
	route := func(pattern string, operation func(*call) (answer, error)) {
		method, path, _ := strings.Cut(pattern, " ")
		all = append(all, endpoint{method, strings.Split(strings.Trim(path, "/"), "/"), s.handle(operation)})
	}
	s.appRoutes(route)
	s.peopleRoutes(route)
	s.repoRoutes(route)
	s.commitRoutes(route)
	s.issueRoutes(route)
	s.pullRoutes(route)
	s.actionRoutes(route)
	s.hookRoutes(route)
	all = append(all, endpoint{handler: s.handle(func(*call) (answer, error) { return answer{}, notFound() })})
	return all
}

// router finds the operation of a request. GitHub's paths overlap in a way that
// http.ServeMux refuses: issues/{number}/comments and issues/comments/{id}.
type router []endpoint

// endpoint is an operation. A part of its path in braces takes any one part of a
// request's, and with dots all that remain. The last endpoint, which has no
// method, answers what no other does.
type endpoint struct {
	method  string
	path    []string
	handler http.Handler
}

// ServeHTTP calls the endpoint with the most literal parts among those that fit.
func (r router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	parts := strings.Split(strings.Trim(req.URL.EscapedPath(), "/"), "/")
	best, most := r[len(r)-1], -1
	for _, e := range r[:len(r)-1] {
		if literals, fits := e.fits(req.Method, parts); fits && literals > most {
			best, most = e, literals
		}
	}
	best.set(req, parts)
	best.handler.ServeHTTP(w, req)
}

// fits reports whether the endpoint takes such a request, and how many parts of
// its path are literal.
func (e endpoint) fits(method string, parts []string) (literals int, fits bool) {
	rest := strings.HasSuffix(e.path[len(e.path)-1], "...}")
	if method != e.method || len(parts) < len(e.path) || len(parts) > len(e.path) && !rest {
		return 0, false
	}
	for i, p := range e.path {
		switch {
		case strings.HasPrefix(p, "{"):
		case p != parts[i]:
			return 0, false
		default:
			literals++
		}
	}
	return literals, true
}

// set tells the request what the parts in braces are.
func (e endpoint) set(req *http.Request, parts []string) {
	for i, p := range e.path {
		name, isName := strings.CutPrefix(strings.TrimSuffix(p, "}"), "{")
		if !isName {
			continue
		}
		value := parts[i]
		if all, isRest := strings.CutSuffix(name, "..."); isRest {
			name, value = all, strings.Join(parts[i:], "/")
		}
		if unescaped, err := url.PathUnescape(value); err == nil {
			req.SetPathValue(name, unescaped)
		}
	}
}
