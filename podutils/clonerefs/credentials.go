// SPDX-License-Identifier: Apache-2.0

package clonerefs

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// credentials log in to repositories.
type credentials interface {
	// login is for refs, which are cloned from uri; nil where nothing is needed.
	login(ctx context.Context, refs prowv1.Refs, uri string) (*login, error)
}

// newCredentials returns what the options name; nil when they name none.
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
	return nil, nil
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

// oauth logs in everywhere with one token.
type oauth struct{ token string }

func (o oauth) login(_ context.Context, _ prowv1.Refs, uri string) (*login, error) {
	// GitHub wants a personal token as the user name.
	return newLogin(uri, o.token, "x-oauth-basic", o.token), nil
}

// login is for one repository. Git gets it in a header by way of environment
// variables, so that it is in no command line, no file and no record.
type login struct {
	uri string
	// shownURI is the URI as records show it.
	shownURI string
	env      []string
	secrets  *strings.Replacer
}

// censored stands in records where a token was.
const censored = "CENSORED"

// newLogin returns nil for a URI that takes no user and password, such as
// git@host:path.
func newLogin(uri, user, password, token string) *login {
	parsed, err := url.Parse(uri)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "https" && parsed.Scheme != "http") {
		return nil
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	secrets := strings.NewReplacer(token, censored, encoded, censored, url.QueryEscape(token), censored)
	shown := *parsed
	shown.User = url.UserPassword(secrets.Replace(user), secrets.Replace(password))
	header := url.URL{Scheme: parsed.Scheme, Host: parsed.Host, Path: "/"}
	n := configCount()
	index := strconv.Itoa(n)
	return &login{
		uri:      uri,
		shownURI: shown.String(),
		secrets:  secrets,
		env: []string{
			"GIT_CONFIG_COUNT=" + strconv.Itoa(n+1),
			"GIT_CONFIG_KEY_" + index + "=http." + header.String() + ".extraHeader",
			"GIT_CONFIG_VALUE_" + index + "=Authorization: Basic " + encoded,
		},
	}
}

// configCount is how many settings our own environment has for git.
func configCount() int {
	n, err := strconv.Atoi(os.Getenv("GIT_CONFIG_COUNT"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// censor takes the token out of text.
func (l *login) censor(text string) string {
	if l == nil {
		return text
	}
	return l.secrets.Replace(text)
}
