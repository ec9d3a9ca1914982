// SPDX-License-Identifier: Apache-2.0

// Package deck is the web page: which ProwJobs there are, what became of each,
// its log and files, and what became of a delivery from GitHub.
//
// Starts on: HTTP requests, all of them GET. Changes: nothing. Config: deck,
// prowjob_namespace, pod_namespace. In Prow: the program "deck".
//
// Pages are made on the server and work without JavaScript; with it, they bring
// themselves up to date. What jobs write (logs, artifacts) is hostile: it is
// escaped in pages and served raw only as text, under a policy that lets
// nothing in it run.
package deck

import (
	"context"
	"html/template"
	"net/http"
	"time"

	"knative.dev/pkg/logging"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/internal/inbox"
)

// runs are the ProwJobs.
type runs interface {
	// All is every run, without spec.pod_spec. Its elements must not be changed.
	All(ctx context.Context) ([]*prowv1.ProwJob, error)
	// Whole is every run with all its fields.
	Whole(ctx context.Context) ([]prowv1.ProwJob, error)
	// Get is the run of that name with all its fields.
	Get(ctx context.Context, name string) (*prowv1.ProwJob, error)
}

// server answers requests.
type server struct {
	runs    runs
	logs    podLogs
	storage *storage
	inbox   *inbox.Inbox
	config  func() *config.Config
	show    visibility
	now     func() time.Time
	pages   *template.Template
}

// handler routes requests.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page(s.index))
	mux.HandleFunc("GET /view/{path...}", s.page(s.view))
	mux.HandleFunc("GET /deliveries", s.page(s.findDelivery))
	mux.HandleFunc("GET /deliveries/{guid}", s.page(s.delivery))
	mux.HandleFunc("GET /file/{path...}", s.file)
	mux.HandleFunc("GET /log", s.log)
	mux.HandleFunc("GET /prowjob", s.prowJob)
	mux.HandleFunc("GET /data.js", s.dataJS)
	mux.HandleFunc("GET /prowjobs.js", s.prowJobsJS)
	mux.HandleFunc("GET /static/{name}", s.static)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/static/logo.svg", http.StatusMovedPermanently)
	})
	return compressed(mux)
}

// pagePolicy lets a page use what deck itself serves, and nothing else.
const pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// content is what a page shows: the name of its template and the data for it.
type content struct {
	template string
	data     any
	// redirect, when set, leads elsewhere instead.
	redirect string
}

// page serves what make returns, or the error page.
func (s *server) page(build func(r *http.Request) (content, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := build(r)
		status := http.StatusOK
		if err != nil {
			status = statusOf(err)
			if status >= http.StatusInternalServerError {
				logging.FromContext(r.Context()).Errorw("page", "path", r.URL.Path, "error", err)
			}
			c = content{template: "error.html", data: errorPage(status, err)}
		}
		if c.redirect != "" {
			http.Redirect(w, r, c.redirect, http.StatusFound)
			return
		}
		header := w.Header()
		header.Set("Content-Type", "text/html; charset=utf-8")
		header.Set("Content-Security-Policy", pagePolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		if err := s.pages.ExecuteTemplate(w, c.template, c.data); err != nil {
			logging.FromContext(r.Context()).Errorw("page", "path", r.URL.Path, "error", err)
		}
	}
}
