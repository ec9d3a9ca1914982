// SPDX-License-Identifier: Apache-2.0

package clonerefs

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	credential "github.com/cutwater-ci/cutwater/internal/git" // here, git is a run of it
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// credentials log in to repositories.
type credentials interface {
	login(ctx context.Context, refs prowv1.Refs, uri string) (*login, error)
}

// newCredentials returns what the options name, and else what URIs hold themselves.
func newCredentials(o *options.Clone, sleep Sleep) (credentials, error) {
	switch {
	case o.OauthTokenFile != "":
		token, err := readSecret(o.OauthTokenFile)
		if err != nil {
			return nil, fmt.Errorf("reading OAuth token: %w", err)
		}
		return oauth{token: token}, nil
	case o.GitHubAppID != "":
		return newApp(o, sleep)
	}
	return inURI{}, nil
}

func readSecret(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(data))
	if secret == "" {
		return "", errors.New(path + " is empty")
	}
	return secret, nil
}

// oauthBasic is what GitHub takes for a password beside a personal token,
// which it wants as the user name.
const oauthBasic = "x-oauth-basic"

// oauth logs in everywhere with one token.
type oauth struct{ token string }

func (o oauth) login(_ context.Context, _ prowv1.Refs, uri string) (*login, error) {
	return newLogin(uri, o.token, oauthBasic, o.token)
}

// inURI logs in with the user and password that a URI has before its host.
type inURI struct{}

func (inURI) login(_ context.Context, _ prowv1.Refs, uri string) (*login, error) {
	parsed, err := parseURI(uri)
	if err != nil || parsed == nil || parsed.User == nil {
		return nil, err
	}
	user := parsed.User.Username()
	password, _ := parsed.User.Password()
	secret := password
	if password == "" || password == oauthBasic {
		secret = user
	}
	l, err := newLogin(uri, user, password, secret)
	if err == nil {
		l.shownURI = layout.Censor(uri)
	}
	return l, err
}

// login is for one repository. Git gets it by environment variables, so that it
// is in no command line, no file and no record. Who can read those, which is the
// same user alone, can as well read the file that the secret is from.
type login struct {
	// uri is without user and password; shownURI is how records show it.
	uri, shownURI string
	// host is the beginning of uri, up to the path.
	host    string
	header  string
	env     []string // what asked needs
	secrets *strings.Replacer
}

// newLogin returns nil for a URI that takes no user and password, such as
// git@host:path.
func newLogin(uri, user, password, secret string) (*login, error) {
	parsed, err := parseURI(uri)
	if err != nil || parsed == nil || secret == "" {
		return nil, err
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	secrets := strings.NewReplacer(secret, layout.Censored, encoded, layout.Censored, url.QueryEscape(secret), layout.Censored)
	shown := *parsed
	if parsed.User != nil {
		parsed.User = nil
		uri = parsed.String()
	}
	shown.User = url.UserPassword(secrets.Replace(user), secrets.Replace(password))
	return &login{
		uri:      uri,
		shownURI: shown.String(),
		host:     parsed.Scheme + "://" + parsed.Host + "/",
		header:   "Authorization: Basic " + encoded,
		env:      credential.Credential{Username: user, Password: password}.Env(),
		secrets:  secrets,
	}, nil
}

// parseURI returns nil for a URI that takes no user and password.
func parseURI(uri string) (*url.URL, error) {
	if scheme, _, ok := strings.Cut(uri, "://"); !ok || (!strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http")) {
		return nil, nil
	}
	parsed, err := url.Parse(uri)
	if err != nil || parsed.Host == "" { // the error shows the URI
		return nil, errors.New("the URI to clone from is no URL; special characters in a user or password are written as %XX")
	}
	return parsed, nil
}

// unasked sends the credentials with the first request already, which saves one
// that the server refuses, and lets it count us as somebody where it would allow
// nobody less. Git would send them to where the server redirects it, too: so it
// is not to follow.
func (l *login) unasked() []setting {
	if l == nil {
		return nil
	}
	return []setting{
		{"http." + l.host + ".extraHeader", l.header},
		{"http." + l.host + ".followRedirects", "false"},
	}
}

// asked hands out the credentials when a server asks for them whose URL begins
// as one of these.
func (l *login) asked(urls ...string) []setting {
	var settings []setting
	for _, u := range urls {
		key, helper := credential.Helper(u)
		settings = append(settings, setting{key, ""}, setting{key, helper}) // and none that would keep them
	}
	return settings
}

// censor takes secrets out of what was printed: ours, and passwords in URLs.
func (l *login) censor(text string) string {
	if l != nil {
		text = l.secrets.Replace(text)
	}
	return layout.Censor(text)
}
