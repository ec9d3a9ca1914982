// SPDX-License-Identifier: Apache-2.0

package githubapp

import (
	"context"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"sync"

	"github.com/cutwater-ci/cutwater/internal/github"
)

//go:embed page.html
var pages string

// createdPath is where GitHub sends the browser.
const createdPath = "/created"

// page is what the browser talks to. Anybody on this machine can reach it, and
// any web page can send the browser there: so its address holds a secret, and
// only an answer with the state that it has told GitHub counts.
type page struct {
	gh            client
	options       Options
	host          string
	secret, state string
	done          chan outcome
	once          sync.Mutex // held by who redeems a code
	ended         bool
}

// outcome is how it ended.
type outcome struct {
	app github.NewApp
	err error
}

// end has no code redeemed any more. One that was, or is just being redeemed, has an
// outcome, which must not be lost: GitHub hands out the keys once.
func (p *page) end() (o outcome, redeemed bool) {
	p.once.Lock()
	defer p.once.Unlock()
	p.ended = true
	select {
	case o = <-p.done:
		return o, true
	default:
		return o, false
	}
}

func (p *page) url() string { return "http://" + p.host + "/" + p.secret }

// newURL is where GitHub takes manifests.
func (p *page) newURL() string {
	address := p.gh.WebURL()
	if p.options.Org != "" {
		address += "/organizations/" + url.PathEscape(p.options.Org)
	}
	return address + "/settings/apps/new?" + url.Values{"state": {p.state}}.Encode()
}

func (p *page) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /"+p.secret, p.ask)
	mux.HandleFunc("GET "+createdPath, p.created)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' "+p.gh.WebURL())
		if r.Host != p.host { // a name of somebody else that leads here
			http.Error(w, "this page has another address", http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// ask shows what the App will be, and a button that posts it to GitHub.
func (p *page) ask(w http.ResponseWriter, _ *http.Request) {
	manifest, err := json.Marshal(p.options.manifest("http://" + p.host + createdPath))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.show(w, http.StatusOK, "ask", map[string]any{
		"Action": p.newURL(), "Manifest": string(manifest), "Options": p.options,
		"Permissions": github.AppPermissions(), "Events": github.AppEvents(),
	})
}

// created takes the code that GitHub sends the browser with, and redeems it.
func (p *page) created(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	code := query.Get("code")
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(p.state)) != 1 {
		p.show(w, http.StatusForbidden, "refused", "This answer does not belong to the App that is being made here. Nothing was done.")
		return
	}
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`).MatchString(code) {
		p.show(w, http.StatusBadRequest, "refused", "GitHub's answer has no code. Nothing was done.")
		return
	}
	p.once.Lock()
	defer p.once.Unlock()
	if p.ended {
		p.show(w, http.StatusGone, "refused", "The App is made already, or the command has ended.")
		return
	}
	p.ended = true
	// Once: a browser that does not wait must not cost the keys.
	app, err := p.gh.CompleteManifest(context.WithoutCancel(r.Context()), code)
	if err != nil {
		err = fmt.Errorf("%w; the App is on GitHub, and nobody has its keys: delete it there, and begin again", err)
	}
	p.done <- outcome{app, err}
	if err != nil {
		p.show(w, http.StatusBadGateway, "refused", err.Error())
		return
	}
	p.show(w, http.StatusOK, "made", map[string]string{"Name": app.Name, "Install": InstallURL(app.App)})
}

func (p *page) show(w http.ResponseWriter, status int, name string, data any) {
	templates, err := template.New("").Parse(pages)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = templates.ExecuteTemplate(w, name, data) // the browser may have gone
}
