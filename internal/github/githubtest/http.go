// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// maxRequest bounds what a REST request may carry.
const maxRequest = 4 << 20

// ServeHTTP answers REST requests, below / or /api/v3, and git's.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if name, service, advertise, ok := gitRequest(req); ok {
		s.serveGit(w, req, name, service, advertise)
		return
	}
	if s.servesAppPage(w, req) {
		return
	}
	if path, ok := strings.CutPrefix(req.URL.Path, "/api/v3/"); ok {
		req = req.Clone(req.Context())
		req.URL.Path, req.URL.RawPath = "/"+path, strings.TrimPrefix(req.URL.RawPath, "/api/v3")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxRequest))
	if err != nil {
		http.Error(w, "cannot read the request", http.StatusBadRequest)
		return
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	replace := s.replace
	who, _ := s.whoIs(req)
	s.log = append(s.log, Request{req.Method, req.URL.Path, req.URL.RawQuery, string(body), who.login})
	if extra := len(s.log) - keptDeliveries; extra > 0 {
		s.log = s.log[extra:]
	}
	s.mu.Unlock()
	if replace != nil && replace(w, req) {
		if s.o.Validator != nil { // the answer is the test's, the request is not
			s.check(req, body, &recorder{status: http.StatusBadGateway})
		}
		return
	}
	if s.o.Validator == nil {
		s.mux.ServeHTTP(w, req)
		return
	}
	recorder := &recorder{header: w.Header(), status: http.StatusOK}
	s.mux.ServeHTTP(recorder, req)
	s.check(req, body, recorder)
	w.WriteHeader(recorder.status)
	_, _ = w.Write(recorder.body.Bytes())
}

// check holds an exchange against GitHub's description.
func (s *Server) check(req *http.Request, body []byte, r *recorder) {
	if err := s.o.Validator.Exchange(req, body, r.status, r.header, r.body.Bytes()); err != nil {
		s.invalid(fmt.Errorf("%s %s: %w", req.Method, req.URL.Path, err))
	}
}

// recorder keeps an answer until it has been looked at.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

// call is one REST request on its way. The server's lock is held.
type call struct {
	*http.Request
	s      *Server
	who    identity
	app    *app // the request is by the app itself
	body   []byte
	header http.Header
}

// answer is what a call gets: a status and a JSON value, or nothing when nil.
type answer struct {
	status int
	value  any
}

// rawBytes is a value that is not written as JSON.
type rawBytes []byte

func ok(value any) (answer, error)      { return answer{http.StatusOK, value}, nil }
func created(value any) (answer, error) { return answer{http.StatusCreated, value}, nil }
func noContent() (answer, error)        { return answer{status: http.StatusNoContent}, nil }

// handle makes an http.Handler of an operation.
func (s *Server) handle(operation func(*call) (answer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		// What has begun is done whole, webhooks included, whether or not the client waits.
		c := &call{Request: req.WithContext(context.WithoutCancel(req.Context())), s: s, header: w.Header()}
		c.header.Set("X-RateLimit-Limit", "5000")
		c.header.Set("X-RateLimit-Remaining", "4999")
		c.header.Set("X-RateLimit-Reset", strconv.FormatInt(s.now().Unix()+3600, 10))
		c.header.Set("X-GitHub-Media-Type", "github.v3; format=json")
		a, err := c.run(operation)
		if err != nil {
			var no *refusal
			if !errors.As(err, &no) {
				no = &refusal{status: http.StatusInternalServerError, message: err.Error()}
			}
			a = answer{no.status, no.json()}
		}
		c.write(w, a)
	}
}

// run finds out who calls, reads the body and does the operation.
func (c *call) run(operation func(*call) (answer, error)) (answer, error) {
	var err error
	if c.who, c.app, err = c.s.authenticate(c.Request); err != nil {
		return answer{}, err
	}
	if c.body, err = io.ReadAll(c.Body); err != nil {
		return answer{}, badRequest("Problems reading the body")
	}
	return operation(c)
}

// write sends the answer, or that it has not changed.
func (c *call) write(w http.ResponseWriter, a answer) {
	if a.value == nil {
		w.WriteHeader(a.status)
		return
	}
	if raw, isRaw := a.value.(rawBytes); isRaw {
		c.header.Set("Content-Type", "application/vnd.github.v3.raw; charset=utf-8")
		w.WriteHeader(a.status)
		_, _ = w.Write(raw)
		return
	}
	body, err := json.Marshal(a.value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	c.header.Set("Content-Type", "application/json; charset=utf-8")
	if c.Method == http.MethodGet && a.status == http.StatusOK {
		sum := sha256.Sum256(body)
		etag := `W/"` + hex.EncodeToString(sum[:]) + `"`
		c.header.Set("ETag", etag)
		if c.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(body)
}

// decode reads the body, which must be JSON.
func (c *call) decode(into any) error {
	if len(c.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, into); err != nil {
		return badRequest("Problems parsing JSON")
	}
	return nil
}

// page returns the asked-for part of the list, and links to the others.
func page[T any](c *call, all []T) []T {
	query := c.URL.Query()
	number := max(1, intOr(query.Get("page"), 1))
	size := min(100, max(1, intOr(query.Get("per_page"), 30)))
	pages := (len(all) + size - 1) / size
	var links []string
	link := func(page int, rel string) {
		query.Set("page", strconv.Itoa(page))
		links = append(links, fmt.Sprintf("<%s%s?%s>; rel=%q", c.s.url, c.URL.EscapedPath(), query.Encode(), rel))
	}
	if number > 1 {
		link(number-1, "prev")
	}
	if number < pages {
		link(number+1, "next")
		link(pages, "last")
	}
	if number > 1 {
		link(1, "first")
	}
	if len(links) > 0 {
		c.header.Set("Link", strings.Join(links, ", "))
	}
	from := min(len(all), (number-1)*size)
	return all[from:min(len(all), from+size)]
}

func intOr(s string, otherwise int) int {
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	return otherwise
}

// repo returns the repository of the path; one that the caller may not read does
// not exist.
func (c *call) repo() (*repo, error) {
	r, err := c.s.find(github.Repo{Org: c.PathValue("owner"), Name: c.PathValue("repo")})
	if err != nil || !c.s.canRead(r, c.who) {
		return nil, notFound()
	}
	return r, nil
}

// repoFor returns the repository of the path if the caller may at least do what
// is wanted there.
func (c *call) repoFor(wanted string) (*repo, error) {
	r, err := c.repo()
	if err != nil {
		return nil, err
	}
	if c.who.login == "" {
		return nil, needsAuthentication()
	}
	if !c.s.may(r, c.who, wanted) {
		return nil, forbidden("Must have %s access to the repository", wanted)
	}
	return r, nil
}

// canRead reports whether the caller sees the repository.
func (s *Server) canRead(r *repo, who identity) bool { return !r.private || s.may(r, who, "pull") }

// issue returns the issue or pull of the path.
func (c *call) issue() (*issue, error) {
	r, err := c.repo()
	if err != nil {
		return nil, err
	}
	number := intOr(c.PathValue("number"), 0)
	if number < 1 || number > len(r.issues) {
		return nil, notFound()
	}
	return r.issues[number-1], nil
}

// pull returns the pull of the path.
func (c *call) pull() (*issue, error) {
	i, err := c.issue()
	if err != nil {
		return nil, err
	}
	if i.pull == nil {
		return nil, notFound()
	}
	return i, nil
}

// user returns who calls; nobody is refused.
func (c *call) user() (*user, error) {
	if c.who.login == "" {
		return nil, needsAuthentication()
	}
	return c.s.account(c.who.login), nil
}
