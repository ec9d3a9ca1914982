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
	sleep     Sleep

	mu     sync.Mutex
	user   string
	tokens map[string]string // by org; they outlive this program
}

// requestTimeout is for one request to GitHub.
const requestTimeout = 30 * time.Second

func newApp(o *options.Clone, sleep Sleep) (*app, error) {
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
		sleep:     sleep,
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
	return newLogin(uri, a.user, token, token)
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

// appDelays are the waits between the attempts of a request to GitHub.
func appDelays() []time.Duration {
	return []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}
}

// longestDelay is what we wait at most when GitHub asks us to.
const longestDelay = time.Minute

// call asks the endpoints, and again while one of them may mend.
func (a *app) call(ctx context.Context, method, path string, into any) error {
	after, err := a.tryEndpoints(ctx, method, path, into)
	for _, delay := range appDelays() {
		if err == nil || after < 0 || after > longestDelay || a.sleep(ctx, max(after, delay)) != nil {
			break
		}
		after, err = a.tryEndpoints(ctx, method, path, into)
	}
	return err
}

// tryEndpoints asks the endpoints one after the other, until one answers. With
// the error it returns after which time to try again; never, where that is negative.
func (a *app) tryEndpoints(ctx context.Context, method, path string, into any) (after time.Duration, err error) {
	after = -1
	var errs []error
	for _, endpoint := range a.endpoints {
		err := a.ask(ctx, method, strings.TrimSuffix(endpoint, "/")+path, into)
		if err == nil {
			return 0, nil
		}
		errs = append(errs, fmt.Errorf("%s %s: %w", method, path, err))
		if refused, ok := errors.AsType[*refusal](err); ok {
			after = max(after, refused.after)
		} else {
			after = max(after, 0) // no answer at all
		}
	}
	return after, errors.Join(errs...)
}

// refusal is an answer other than yes.
type refusal struct {
	text string
	// after is when to ask again; negative where that is useless.
	after time.Duration
}

func (r *refusal) Error() string { return r.text }

func newRefusal(response *http.Response, body []byte) *refusal {
	r := &refusal{text: fmt.Sprintf("status %s: %s", response.Status, bytes.TrimSpace(body[:min(len(body), 200)])), after: -1}
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	switch code := response.StatusCode; {
	case err == nil && seconds >= 0: // a limit, whatever the status
		r.after = time.Duration(seconds) * time.Second
	case code >= 500 || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout:
		r.after = 0
	}
	return r
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
		return newRefusal(response, body)
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
