// SPDX-License-Identifier: Apache-2.0

package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	gogithub "github.com/google/go-github/v88/github"
	"github.com/shurcooL/githubv4"
)

// perPage is the largest page GitHub serves.
const perPage = 100

// Options say where GitHub is and who we are there. The zero value is an
// anonymous client of api.github.com.
type Options struct {
	// Endpoint is the REST API's root; empty means https://api.github.com.
	Endpoint string
	// GraphQLEndpoint is empty for Endpoint + "/graphql".
	GraphQLEndpoint string
	// Host serves web pages and git, "github.com" when empty. With a scheme
	// ("http://127.0.0.1:8080") it need not be reached by https.
	Host string

	// TokenFile holds a token; it is read again when it changes.
	TokenFile string
	// AppID and AppKeyFile (PEM) authenticate as a GitHub App instead, with one
	// installation token for each org. Both or none; not with TokenFile.
	AppID      int64
	AppKeyFile string

	// DryRun sends reads only, and answers everything else itself.
	DryRun bool

	// UserAgent is sent to GitHub; empty means "cutwater".
	UserAgent string
	// Timeout bounds each request, its retries not included; zero means 30 s.
	Timeout time.Duration
	// Retry says how often and how long to try again; zero means defaults.
	Retry Retry
	// CacheBytes bounds the memory for answers that are asked for again with their
	// ETag; zero means 16 MiB, negative means none.
	CacheBytes int
	// Transport sends the requests; nil means a new http.Transport.
	Transport http.RoundTripper
}

// Client talks to GitHub. It is safe for concurrent use.
type Client struct {
	gh      *gogithub.Client
	graphQL *githubv4.Client
	webURL  string
	auth    authenticator
	timeout time.Duration
	bot     atomic.Pointer[User] // once known
}

// authenticator adds credentials to requests.
type authenticator interface {
	http.RoundTripper
	// token returns what git may use as a password for the org; empty when anonymous.
	token(ctx context.Context, org string) (string, error)
}

// New returns a client. It reads the credential files, so that a wrong path is
// found at once, and sends nothing.
func New(_ context.Context, o Options) (*Client, error) {
	endpoint, err := parseEndpoint(cmp.Or(o.Endpoint, "https://api.github.com"))
	if err != nil {
		return nil, err
	}
	transport := o.Transport
	if transport == nil {
		transport = newTransport()
	}
	graphQL, err := parseEndpoint(cmp.Or(o.GraphQLEndpoint, endpoint+"graphql"))
	if err != nil {
		return nil, err
	}
	auth, err := o.newAuth(endpoint, graphQL, transport)
	if err != nil {
		return nil, err
	}
	var rt http.RoundTripper = auth
	if o.CacheBytes >= 0 {
		rt = newETagCache(rt, cmp.Or(o.CacheBytes, 16<<20))
	}
	timeout := cmp.Or(o.Timeout, 30*time.Second)
	rt = newRetrier(rt, o.Retry, timeout, o.AppID != 0)
	if o.DryRun {
		rt = dryRun{next: rt}
	}
	gh, err := gogithub.NewClient(
		gogithub.WithTransport(rt),
		gogithub.WithURLs(&endpoint, nil),
		gogithub.WithUserAgent(cmp.Or(o.UserAgent, "cutwater")),
		gogithub.WithDisableRateLimitCheck(), // the retrier waits instead of failing
	)
	if err != nil {
		return nil, fmt.Errorf("making the GitHub client: %w", err)
	}
	return &Client{
		gh:      gh,
		graphQL: githubv4.NewEnterpriseClient(strings.TrimSuffix(graphQL, "/"), &http.Client{Transport: rt}),
		webURL:  webURL(o.Host),
		auth:    auth,
		timeout: timeout,
	}, nil
}

// newAuth returns what adds the credentials that o asks for.
func (o Options) newAuth(endpoint, graphQL string, transport http.RoundTripper) (authenticator, error) {
	trusted := origins{originOf(endpoint), originOf(graphQL)}
	switch {
	case (o.AppID != 0) != (o.AppKeyFile != ""):
		return nil, errors.New("a GitHub App needs both its ID and its private key file")
	case o.AppID != 0 && o.TokenFile != "":
		return nil, errors.New("either a token file or a GitHub App may be given, not both")
	case o.AppID != 0:
		return newAppAuth(o, endpoint, trusted, transport)
	case o.TokenFile != "":
		return newTokenAuth(o.TokenFile, trusted, transport)
	}
	return anonymous{transport}, nil
}

// WebURL returns the root of GitHub's web pages, without a slash at the end.
func (c *Client) WebURL() string { return c.webURL }

// Token returns a token that git may use as a password to reach the org's
// repositories, or "" when the client is anonymous. It must not be logged.
func (c *Client) Token(ctx context.Context, org string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	token, err := c.auth.token(ctx, org)
	if err != nil {
		return "", fmt.Errorf("getting a token for %s: %w", org, err)
	}
	return token, nil
}

// newTransport returns a transport whose connections fail in bounded time.
func newTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 32
	return t
}

func parseEndpoint(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil {
		// The endpoint itself is not repeated: it may hold a password.
		return "", errors.New("the GitHub endpoint is not an http(s) URL without user and password")
	}
	return strings.TrimSuffix(u.String(), "/") + "/", nil
}

func webURL(host string) string {
	host = strings.TrimSuffix(cmp.Or(host, "github.com"), "/")
	if strings.Contains(host, "://") {
		return host
	}
	return "https://" + host
}

func originOf(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
