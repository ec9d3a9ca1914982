// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest/bare"
)

// gitRequest tells whether a request is git's: /org/repo[.git]/info/refs and the services.
func gitRequest(req *http.Request) (name github.Repo, service string, advertise, ok bool) {
	parts := strings.Split(strings.Trim(req.URL.Path, "/"), "/")
	if len(parts) < 3 {
		return name, "", false, false
	}
	name = github.Repo{Org: parts[0], Name: strings.TrimSuffix(parts[1], ".git")}
	switch rest := strings.Join(parts[2:], "/"); rest {
	case "info/refs":
		return name, req.URL.Query().Get("service"), true, true
	case bare.UploadPack, bare.ReceivePack:
		return name, rest, false, true
	}
	return name, "", false, false
}

// serveGit lets git answer, when the caller may read, or push.
func (s *Server) serveGit(w http.ResponseWriter, req *http.Request, name github.Repo, service string, advertise bool) {
	r, by, err := s.admitGit(req, name, service, advertise)
	if err != nil {
		if err.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
		}
		http.Error(w, err.message, err.status)
		return
	}
	serveErr := r.git.Serve(w, req, service, advertise)
	if service == bare.ReceivePack && !advertise {
		// The client may be gone already, the push is not.
		if err := s.afterPush(context.WithoutCancel(req.Context()), r, by); err != nil {
			s.invalid(err)
		}
	}
	if serveErr != nil {
		http.Error(w, "git failed", http.StatusInternalServerError)
	}
}

// admitGit finds the repository and who comes, and brings the refs up to date
// that are only computed when somebody looks.
func (s *Server) admitGit(req *http.Request, name github.Repo, service string, advertise bool) (*repo, *user, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who, known := s.whoIs(req)
	r, err := s.find(name)
	hidden := err != nil || !s.canRead(r, who)
	pushing := service == bare.ReceivePack
	if tokenOf(req) == "" && (hidden || pushing) || tokenOf(req) != "" && !known {
		return nil, nil, needsAuthentication()
	}
	if hidden {
		return nil, nil, notFound()
	}
	if pushing {
		if !s.may(r, who, "push") {
			return nil, nil, forbidden("Permission to %s denied to %s.", r.fullName(), who.login)
		}
		return r, s.account(who.login), nil
	}
	if advertise {
		for _, i := range r.openPulls(func(*pull) bool { return true }) {
			if err := s.refreshMerge(context.WithoutCancel(req.Context()), i); err != nil {
				return nil, nil, &refusal{status: http.StatusInternalServerError, message: "git failed"}
			}
		}
	}
	return r, nil, nil
}

// afterPush finds what a push has moved.
func (s *Server) afterPush(ctx context.Context, r *repo, by *user) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := maps.Clone(r.refs)
	if err := s.readRefs(ctx, r); err != nil {
		return err
	}
	after := r.refs
	r.refs = maps.Clone(before)
	names := maps.Clone(before)
	maps.Copy(names, after)
	for _, ref := range slices.Sorted(maps.Keys(names)) {
		if before[ref] == after[ref] {
			continue
		}
		if err := s.moved(ctx, by, r, ref, before[ref], after[ref]); err != nil {
			return err
		}
	}
	return nil
}
