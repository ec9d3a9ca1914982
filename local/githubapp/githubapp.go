// SPDX-License-Identifier: Apache-2.0

// Package githubapp makes Cutwater's GitHub App of a manifest: a page on this
// machine posts what the App must be to GitHub, whose answer comes back to the
// page with a code, for which GitHub hands out the App's keys, once.
//
// Started by `cutwater github-app create`. Changes: makes an App on GitHub, and
// files in a folder. Config: none. In Prow: nothing; its App is made by hand.
package githubapp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// Options say what App to make.
type Options struct {
	// Org is to own the App; empty is whoever sits at the browser.
	Org string
	// Name is the App's, unique on all of GitHub.
	Name string
	// WebhookURL is where GitHub sends events: hook's address and /hook.
	WebhookURL string
	// Public lets others install it, too.
	Public bool
	// Started is told where the page is, to be opened in a browser. With its error
	// there will be no App.
	Started func(url string) error
}

// maxName is the most characters that GitHub takes.
const maxName = 34

// Validate finds what GitHub would refuse.
func (o Options) Validate() error {
	var errs []error
	if o.Name == "" || len(o.Name) > maxName {
		errs = append(errs, fmt.Errorf("the App's name must have 1 to %d characters: %q", maxName, o.Name))
	}
	u, err := url.Parse(o.WebhookURL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http"):
		errs = append(errs, errors.New("the webhook's URL must be an http(s) URL without user and password, such as https://hook.example.com/hook"))
	case strings.Trim(u.Path, "/") == "":
		errs = append(errs, errors.New("the webhook's URL has no path; hook takes events at /hook"))
	}
	return errors.Join(errs...)
}

// client is what it needs of GitHub.
type client interface {
	CompleteManifest(ctx context.Context, code string) (github.NewApp, error)
	WebURL() string
}

// Create serves the page until somebody has made the App with it, or ctx ends.
func Create(ctx context.Context, gh client, o Options) (github.NewApp, error) {
	if err := o.Validate(); err != nil {
		return github.NewApp{}, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return github.NewApp{}, fmt.Errorf("listening for the browser: %w", err)
	}
	p := &page{
		gh: gh, options: o, host: listener.Addr().String(),
		secret: rand.Text(), state: rand.Text(), done: make(chan outcome, 1),
	}
	server := &http.Server{Handler: p.routes(), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	defer func() {
		// The browser shall get the last page.
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close()
		}
	}()
	if err := o.Started(p.url()); err != nil {
		return github.NewApp{}, err
	}
	select {
	case done := <-p.done:
		return done.app, done.err
	case err = <-failed:
		err = fmt.Errorf("serving the page for the browser: %w", err)
	case <-ctx.Done():
		err = fmt.Errorf("nobody made the App: %w", context.Cause(ctx))
	}
	if done, made := p.end(); made {
		return done.app, done.err
	}
	return github.NewApp{}, err
}

// InstallURL is where an App is installed.
func InstallURL(app github.App) string { return app.HTMLURL + "/installations/new" }
