// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	gogithub "github.com/google/go-github/v88/github"
)

// relistAfter is how long an org without an installation is believed to have none.
const relistAfter = time.Minute

// appAuth authenticates as a GitHub App: with the token of the installation in
// the org a request is about, and as the app itself below /app.
type appAuth struct {
	id       int64
	key      *secretFile
	endpoint string // ends with a slash
	hosts    hosts
	next     http.RoundTripper

	mu            sync.Mutex
	listed        time.Time
	installations map[string]*installation // by lower case login
}

// installation has a token of its own. The key is the one it was made with.
type installation struct {
	key       string
	transport *ghinstallation.Transport
}

func newAppAuth(o Options, endpoint string, hosts hosts, next http.RoundTripper) (*appAuth, error) {
	a := &appAuth{
		id: o.AppID, key: &secretFile{path: o.AppKeyFile}, endpoint: endpoint, hosts: hosts, next: next,
		installations: map[string]*installation{},
	}
	if _, err := a.app(); err != nil {
		return nil, err
	}
	return a, nil
}

// RoundTrip adds the credentials for the org the request is about.
func (a *appAuth) RoundTrip(req *http.Request) (*http.Response, error) {
	if !a.hosts.has(req) {
		return a.next.RoundTrip(req)
	}
	path := strings.Split(strings.Trim(apiPath(req), "/"), "/")
	if path[0] == "app" {
		app, err := a.app()
		if err != nil {
			return nil, &credentialError{err: err}
		}
		return app.RoundTrip(req.Clone(req.Context())) // it writes into the header
	}
	org := orgOf(req)
	if org == "" {
		return nil, &credentialError{permanent: true, err: errors.New("a GitHub App needs to know which org the request is about")}
	}
	transport, err := a.installation(req.Context(), org)
	if err != nil {
		return nil, err
	}
	// The token is fetched first, for its failure says nothing about the request.
	if _, err := a.fetch(req.Context(), org, transport); err != nil {
		return nil, err
	}
	return transport.RoundTrip(req)
}

func (a *appAuth) token(ctx context.Context, org string) (string, error) {
	transport, err := a.installation(ctx, org)
	if err != nil {
		return "", err
	}
	return a.fetch(ctx, org, transport)
}

// fetch returns the installation's token. When GitHub does not know the
// installation (any more), it is looked up again the next time.
func (a *appAuth) fetch(ctx context.Context, org string, transport *ghinstallation.Transport) (string, error) {
	token, err := transport.Token(ctx)
	if err == nil {
		return token, nil
	}
	permanent := false
	var refused *ghinstallation.HTTPError
	if errors.As(err, &refused) && refused.Response != nil {
		_ = refused.Response.Body.Close()
		permanent = refused.Response.StatusCode < 500
		if permanent {
			a.mu.Lock()
			delete(a.installations, strings.ToLower(org))
			a.mu.Unlock()
		}
	}
	return "", &credentialError{permanent: permanent, err: fmt.Errorf("getting the app's token for %s: %w", org, redact(err))}
}

// app returns a transport that acts as the app itself.
func (a *appAuth) app() (*ghinstallation.AppsTransport, error) {
	key, err := a.key.read()
	if err != nil {
		return nil, err
	}
	app, err := ghinstallation.NewAppsTransport(a.next, a.id, []byte(key))
	if err != nil {
		return nil, fmt.Errorf("reading the app's private key %s: %w", a.key.path, err)
	}
	app.BaseURL = strings.TrimSuffix(a.endpoint, "/")
	return app, nil
}

// installation returns the transport for the org, asking GitHub for all
// installations when it is not known.
func (a *appAuth) installation(ctx context.Context, org string) (*ghinstallation.Transport, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key, err := a.key.read()
	if err != nil {
		return nil, &credentialError{err: err}
	}
	login := strings.ToLower(org)
	known := a.installations[login]
	if known != nil && known.key == key {
		return known.transport, nil
	}
	if known == nil && time.Since(a.listed) < relistAfter {
		return nil, &credentialError{permanent: true, err: fmt.Errorf("the GitHub App is not installed in %s", org)}
	}
	if err := a.list(ctx, key); err != nil {
		return nil, err
	}
	if known = a.installations[login]; known == nil {
		return nil, &credentialError{permanent: true, err: fmt.Errorf("the GitHub App is not installed in %s", org)}
	}
	return known.transport, nil
}

// list learns all installations; a.mu is held.
func (a *appAuth) list(ctx context.Context, key string) error {
	app, err := a.app()
	if err != nil {
		return &credentialError{err: err}
	}
	gh, err := gogithub.NewClient(gogithub.WithTransport(app), gogithub.WithURLs(&a.endpoint, nil), gogithub.WithDisableRateLimitCheck())
	if err != nil {
		return fmt.Errorf("making the app's client: %w", err)
	}
	found := map[string]*installation{}
	for i, err := range gh.Apps.ListInstallationsIter(ctx, &gogithub.ListOptions{PerPage: perPage}) {
		if err != nil {
			return &credentialError{err: wrap(err, "listing the app's installations")}
		}
		if i.SuspendedAt != nil {
			continue
		}
		// Each has an AppsTransport of its own, for it writes into it.
		app, err := a.app()
		if err != nil {
			return &credentialError{err: err}
		}
		login := strings.ToLower(i.GetAccount().GetLogin())
		if old := a.installations[login]; old != nil && old.key == key && old.transport.InstallationID() == i.GetID() {
			found[login] = old
			continue
		}
		transport := ghinstallation.NewFromAppsTransport(app, i.GetID())
		transport.InstallationTokenOptions = &gogithub.InstallationTokenOptions{} // nil would be sent as null
		found[login] = &installation{key: key, transport: transport}
	}
	a.installations, a.listed = found, time.Now()
	return nil
}

// withOrg says which org a request is about whose path does not tell.
func withOrg(ctx context.Context, org string) context.Context {
	return context.WithValue(ctx, keyOrg, org)
}

// orgOf returns the org that a request is about, or "".
func orgOf(req *http.Request) string {
	if org, ok := req.Context().Value(keyOrg).(string); ok {
		return org
	}
	path := strings.SplitN(strings.Trim(apiPath(req), "/"), "/", 3)
	if len(path) > 1 && (path[0] == "repos" || path[0] == "orgs") {
		return path[1]
	}
	return ""
}

// apiPath returns the path of a request without the prefix of GitHub Enterprise.
func apiPath(req *http.Request) string { return strings.TrimPrefix(req.URL.Path, "/api/v3") }
