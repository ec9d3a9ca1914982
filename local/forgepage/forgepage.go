// SPDX-License-Identifier: Apache-2.0

// Package forgepage shows the pull requests of the one-machine mode's GitHub to
// people: their labels, statuses and comments. It only reads; `cutwater comment`
// and its siblings act.
//
// Started by a browser. Changes nothing.
package forgepage

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// client is what the pages need of GitHub.
type client interface {
	OpenPulls(ctx context.Context, repo github.Repo) ([]github.Pull, error)
	Pull(ctx context.Context, pull github.Issue) (*github.Pull, error)
	Labels(ctx context.Context, issue github.Issue) (github.Labels, error)
	Comments(ctx context.Context, issue github.Issue) ([]github.Comment, error)
	CombinedStatus(ctx context.Context, repo github.Repo, ref string) (github.CombinedStatus, error)
}

//go:embed *.html
var files embed.FS

// New serves the pages, and hands everything else to next. It asks for the
// client with each request, so that the client may be made later; while there is
// none, a page says so and comes again.
func New(gh func() *github.Client, next http.Handler) (http.Handler, error) {
	templates, err := template.ParseFS(files, "*.html")
	if err != nil {
		return nil, err
	}
	p := pages{gh: func() client { return gh() }, templates: templates}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{org}/{repo}", p.repo)
	mux.HandleFunc("GET /{org}/{repo}/pull/{number}", p.pull)
	mux.Handle("/", next)
	// The API has paths of the same form; who wants a page says so.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch page := strings.Contains(r.Header.Get("Accept"), "text/html"); {
		case page && gh() == nil:
			w.Header().Set("Refresh", "1")
			http.Error(w, "starting", http.StatusServiceUnavailable)
		case page:
			mux.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	}), nil
}

type pages struct {
	gh        func() client
	templates *template.Template
}

func (p pages) repo(w http.ResponseWriter, r *http.Request) {
	repo := github.Repo{Org: r.PathValue("org"), Name: r.PathValue("repo")}
	pulls, err := p.gh().OpenPulls(r.Context(), repo)
	p.show(w, "repo.html", map[string]any{"Repo": repo, "Pulls": pulls}, err)
}

func (p pages) pull(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	ctx, repo := r.Context(), github.Repo{Org: r.PathValue("org"), Name: r.PathValue("repo")}
	issue := github.Issue{Org: repo.Org, Repo: repo.Name, Number: number}
	data, err := p.details(ctx, repo, issue)
	p.show(w, "pull.html", data, err)
}

// details gathers what the page of a pull request shows.
func (p pages) details(ctx context.Context, repo github.Repo, issue github.Issue) (map[string]any, error) {
	pull, err := p.gh().Pull(ctx, issue)
	if err != nil {
		return nil, err
	}
	labels, err := p.gh().Labels(ctx, issue)
	if err != nil {
		return nil, err
	}
	comments, err := p.gh().Comments(ctx, issue)
	if err != nil {
		return nil, err
	}
	statuses, err := p.gh().CombinedStatus(ctx, repo, pull.Head.SHA)
	return map[string]any{"Repo": repo, "Pull": pull, "Labels": labels, "Comments": comments, "Statuses": statuses.Statuses}, err
}

// show renders a page whole before it sends the first byte, so that a mistake
// in a template is an error and not half a page.
func (p pages) show(w http.ResponseWriter, page string, data any, err error) {
	if github.IsNotFound(err) {
		http.Error(w, "there is nothing here", http.StatusNotFound)
		return
	}
	var body bytes.Buffer
	if err == nil {
		err = p.templates.ExecuteTemplate(&body, page, data)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.Header().Set("Refresh", "3")
	_, _ = w.Write(body.Bytes())
}
