// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
	trusted  origins
	next     http.RoundTripper

	listing chan struct{} // held by whoever asks for the installations

	mu            sync.Mutex // never held while GitHub is asked
	listed        time.Time
	installations map[string]*installation // by lower case login
}

// installation has a token of its own. The key is the one it was made with.
type installation struct {
	key       string
	transport *ghinstallation.Transport
}

func newAppAuth(o Options, endpoint string, trusted origins, next http.RoundTripper) (*appAuth, error) {
	a := &appAuth{
		id: o.AppID, key: &secretFile{path: o.AppKeyFile}, endpoint: endpoint, trusted: trusted, next: next,
		listing: make(chan struct{}, 1), installations: map[string]*installation{},
	}
	if _, err := a.app(); err != nil {
		return nil, err
	}
	return a, nil
}

// RoundTrip adds the credentials for the org the request is about.
func (a *appAuth) RoundTrip(req *http.Request) (*http.Response, error) {
	if !a.trusted.has(req) {
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
// installation any more, it is looked up again the next time.
func (a *appAuth) fetch(ctx context.Context, org string, transport *ghinstallation.Transport) (string, error) {
	token, err := transport.Token(ctx)
	if err == nil {
		return token, nil
	}
	permanent := false
	var refused *ghinstallation.HTTPError
	if errors.As(err, &refused) && refused.Response != nil {
		permanent = refused.Response.StatusCode < 500 && retryAt(refused.Response).IsZero()
		_ = refused.Response.Body.Close()
		if refused.Response.StatusCode == http.StatusNotFound {
			a.forget(org, transport)
		}
	}
	return "", &credentialError{permanent: permanent, err: fmt.Errorf("getting the app's token for %s: %w", org, redact(err))}
}

// forget forgets the org's installation, unless another is known by now.
func (a *appAuth) forget(org string, transport *ghinstallation.Transport) {
	a.mu.Lock()
	defer a.mu.Unlock()
	login := strings.ToLower(org)
	if known := a.installations[login]; known != nil && known.transport == transport {
		delete(a.installations, login)
		a.listed = time.Time{}
	}
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
	key, err := a.key.read()
	if err != nil {
		return nil, &credentialError{err: err}
	}
	transport, ask := a.known(org, key)
	if ask {
		select {
		case a.listing <- struct{}{}:
			defer func() { <-a.listing }()
		case <-ctx.Done():
			return nil, &credentialError{err: ctx.Err()}
		}
		// Another may have asked meanwhile.
		if transport, ask = a.known(org, key); ask {
			if err := a.list(ctx, key); err != nil {
				return nil, err
			}
			transport, _ = a.known(org, key)
		}
	}
	if transport == nil {
		return nil, &credentialError{permanent: true, err: fmt.Errorf("the GitHub App is not installed in %s", org)}
	}
	return transport, nil
}

// known returns the org's transport, nil when there is none, and whether GitHub
// has to be asked.
func (a *appAuth) known(org, key string) (transport *ghinstallation.Transport, ask bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.installations[strings.ToLower(org)]
	if known != nil && known.key == key {
		return known.transport, false
	}
	return nil, known != nil || time.Since(a.listed) >= relistAfter
}

// list learns all installations; a.listing is held.
func (a *appAuth) list(ctx context.Context, key string) error {
	a.mu.Lock()
	before := maps.Clone(a.installations)
	a.mu.Unlock()
	gh, err := gogithub.NewClient(gogithub.WithTransport(a), gogithub.WithURLs(&a.endpoint, nil), gogithub.WithDisableRateLimitCheck())
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
		if old := before[login]; old != nil && old.key == key && old.transport.InstallationID() == i.GetID() {
			found[login] = old
			continue
		}
		transport := ghinstallation.NewFromAppsTransport(app, i.GetID())
		transport.InstallationTokenOptions = &gogithub.InstallationTokenOptions{} // nil would be sent as null
		found[login] = &installation{key: key, transport: transport}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
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
	// A repository that was renamed is found below /repositories/<id>.
	if req.Response != nil && req.Response.Request != nil {
		return orgOf(req.Response.Request)
	}
	return ""
}

// apiPath returns the path of a request without the prefix of GitHub Enterprise.
func apiPath(req *http.Request) string { return strings.TrimPrefix(req.URL.Path, "/api/v3") }
