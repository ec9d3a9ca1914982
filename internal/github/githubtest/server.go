// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// Options say how a Server behaves. Only Dir must be given.
type Options struct {
	// Dir is where the repositories are kept.
	Dir string
	// Now is the time of everything that happens; time.Now when nil.
	Now func() time.Time
	// NewGUID names deliveries; random UUIDs when nil.
	NewGUID func() string
	// Client delivers webhooks; one with GitHub's timeout of 10 s when nil.
	Client *http.Client
	// Validator is asked about every exchange and every webhook, and OnInvalid told
	// what it finds. Without both nothing is checked.
	Validator Validator
	OnInvalid func(error)
}

// Validator knows what GitHub's requests, responses and webhooks look like.
type Validator interface {
	Exchange(req *http.Request, requestBody []byte, status int, header http.Header, body []byte) error
	Webhook(event string, payload []byte) error
}

// Server is a GitHub. Its methods may be called concurrently.
type Server struct {
	o   Options
	mux router

	mu      sync.Mutex // guards everything below
	url     string
	lastID  int64
	users   map[string]*user // by lower case login
	orgs    map[string]*org
	repos   map[string]*repo // by lower case "org/name"
	tokens  map[string]identity
	apps    map[int64]*app
	codes   map[string]manifested // by the code to redeem
	hooks   []*hook
	log     []Request
	replace func(http.ResponseWriter, *http.Request) bool

	deliveries *deliveries
}

// New returns an empty GitHub. Call SetURL before anything that mentions URLs,
// and Close at the end.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewGUID == nil {
		o.NewGUID = uuid.NewString
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 10 * time.Second, CheckRedirect: stay}
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of repositories: %w", err)
	}
	s := &Server{
		o: o, url: "http://github.test", lastID: 1000,
		users: map[string]*user{}, orgs: map[string]*org{}, repos: map[string]*repo{},
		tokens: map[string]identity{}, apps: map[int64]*app{},
		codes:      map[string]manifested{},
		deliveries: newDeliveries(o.Client, o.Now),
	}
	s.mux = s.routes()
	return s, nil
}

// SetURL says where the server is reached; it shows in every URL it tells.
func (s *Server) SetURL(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.url = strings.TrimSuffix(url, "/")
}

// URL returns where the server is reached: REST, web pages and git alike.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// CloneURL returns where git finds the repository.
func (s *Server) CloneURL(r github.Repo) string { return s.URL() + "/" + r.String() + ".git" }

// Close stops sending webhooks; what was not sent is lost.
func (s *Server) Close() { s.deliveries.close() }

// Intercept lets f answer requests instead of the server, when it returns true:
// to be slow, to fail, to limit. A nil f ends that.
func (s *Server) Intercept(f func(http.ResponseWriter, *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replace = f
}

// Request is a request that reached the REST API.
type Request struct {
	Method, Path, Query string
	Body                string
	Login               string // who asked; empty for nobody
}

// Requests returns what has reached the REST API, intercepted requests included,
// and forgets it.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	log := s.log
	s.log = nil
	return log
}

// now returns the time, in whole seconds as GitHub keeps it.
func (s *Server) now() time.Time { return s.o.Now().UTC().Truncate(time.Second) }

// id returns a number that was not used before.
func (s *Server) id() int64 {
	s.lastID++
	return s.lastID
}

// invalid reports what the validator found.
func (s *Server) invalid(err error) {
	if err != nil && s.o.OnInvalid != nil {
		s.o.OnInvalid(err)
	}
}

// key is how names are compared: GitHub ignores case.
func key(names ...string) string { return strings.ToLower(strings.Join(names, "/")) }

// firstOf returns the first that is not the zero value.
func firstOf[T comparable](values ...T) T { return cmp.Or(values...) }

// stay makes a client follow no redirect, as GitHub's webhooks do not.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
