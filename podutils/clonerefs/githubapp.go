// SPDX-License-Identifier: Apache-2.0

package clonerefs

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// app logs in as a GitHub App, with a token for each org. Its three requests do
// not need a GitHub client, which would be most of this program.
type app struct {
	id        string
	key       *rsa.PrivateKey
	endpoints []string
	client    *http.Client

	mu     sync.Mutex
	user   string
	tokens map[string]string // by org; they outlive this program
}

// requestTimeout is for one request to GitHub.
const requestTimeout = 30 * time.Second

func newApp(o *options.Clone) (*app, error) {
	text, err := readSecret(o.GitHubAppPrivateKeyFile)
	if err != nil {
		return nil, fmt.Errorf("reading GitHub App's private key: %w", err)
	}
	key, err := parseKey([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("reading GitHub App's private key: %w", err)
	}
	return &app{
		id:        o.GitHubAppID,
		key:       key,
		endpoints: o.GitHubAPIEndpoints,
		client:    &http.Client{Timeout: requestTimeout},
		tokens:    map[string]string{},
	}, nil
}

func parseKey(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("not in PEM format")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("neither PKCS #1 nor PKCS #8") // the error could tell of the key
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("not an RSA key")
	}
	return key, nil
}

func (a *app) login(ctx context.Context, refs prowv1.Refs, uri string) (*login, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.user == "" {
		var found struct{ Slug string }
		if err := a.call(ctx, http.MethodGet, "/app", &found); err != nil {
			return nil, err
		}
		a.user = found.Slug + "[bot]"
	}
	token, ok := a.tokens[refs.Org]
	if !ok {
		var err error
		if token, err = a.token(ctx, refs); err != nil {
			return nil, err
		}
		a.tokens[refs.Org] = token
	}
	return newLogin(uri, a.user, token, token), nil
}

// token is a new token for the org of refs.
func (a *app) token(ctx context.Context, refs prowv1.Refs) (string, error) {
	var installation struct{ ID int64 }
	if err := a.call(ctx, http.MethodGet, "/repos/"+url.PathEscape(refs.Org)+"/"+url.PathEscape(refs.Repo)+"/installation", &installation); err != nil {
		return "", err
	}
	var token struct{ Token string }
	if err := a.call(ctx, http.MethodPost, "/app/installations/"+strconv.FormatInt(installation.ID, 10)+"/access_tokens", &token); err != nil {
		return "", err
	}
	if token.Token == "" {
		return "", errors.New("GitHub answered without a token")
	}
	return token.Token, nil
}

// call asks the endpoints one after the other, until one answers.
func (a *app) call(ctx context.Context, method, path string, into any) error {
	var errs []error
	for _, endpoint := range a.endpoints {
		err := a.ask(ctx, method, strings.TrimSuffix(endpoint, "/")+path, into)
		if err == nil {
			return nil
		}
		errs = append(errs, fmt.Errorf("%s %s: %w", method, path, err))
	}
	return errors.Join(errs...)
}

func (a *app) ask(ctx context.Context, method, address string, into any) error {
	token, err := a.jwt(time.Now())
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/vnd.github+json")
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	const limit = 1 << 20
	body, err := io.ReadAll(io.LimitReader(response.Body, limit))
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("status %s: %s", response.Status, bytes.TrimSpace(body[:min(len(body), 200)]))
	}
	return json.Unmarshal(body, into)
}

// jwt is the token by which the app itself logs in: valid from a minute ago, as
// clocks differ, to less than GitHub's ten minutes.
func (a *app) jwt(now time.Time) (string, error) {
	claims, err := json.Marshal(map[string]any{"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(8 * time.Minute).Unix(), "iss": a.id})
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, a.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("signing as GitHub App: %w", err)
	}
	return text + "." + encode(signature), nil
}
