// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// credentialError says why a request could not be given credentials.
type credentialError struct {
	err       error
	permanent bool // trying again is useless
}

func (e *credentialError) Error() string { return e.err.Error() }
func (e *credentialError) Unwrap() error { return e.err }

// anonymous adds no credentials.
type anonymous struct{ http.RoundTripper }

func (anonymous) token(context.Context, string) (string, error) { return "", nil }

// tokenAuth sends the token of a file.
type tokenAuth struct {
	file    *secretFile
	trusted origins
	next    http.RoundTripper
}

func newTokenAuth(path string, trusted origins, next http.RoundTripper) (*tokenAuth, error) {
	file := &secretFile{path: path}
	if _, err := file.read(); err != nil {
		return nil, err
	}
	return &tokenAuth{file: file, trusted: trusted, next: next}, nil
}

// RoundTrip adds the token to requests for GitHub, and to no other host's.
func (a *tokenAuth) RoundTrip(req *http.Request) (*http.Response, error) {
	if !a.trusted.has(req) {
		return a.next.RoundTrip(req)
	}
	token, err := a.file.read()
	if err != nil {
		return nil, &credentialError{err: err}
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+token)
	return a.next.RoundTrip(req)
}

func (a *tokenAuth) token(context.Context, string) (string, error) { return a.file.read() }

// origins ("https://api.github.com") are what may see our credentials: redirects
// can lead to other hosts, and out of TLS.
type origins []string

func (o origins) has(req *http.Request) bool {
	return slices.Contains(o, req.URL.Scheme+"://"+req.URL.Host)
}

// secretFile is a file that is read again when it has changed.
type secretFile struct {
	path string

	mu      sync.Mutex
	changed time.Time
	size    int64
	value   string
}

// read returns the trimmed content; when the file cannot be read any more, what
// it held last.
func (f *secretFile) read() (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	if err == nil && f.value != "" && info.ModTime().Equal(f.changed) && info.Size() == f.size {
		return f.value, nil
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(f.path)
	}
	value := strings.TrimSpace(string(data))
	if err == nil && value == "" {
		err = errors.New("the file is empty")
	}
	if err != nil {
		if f.value != "" {
			return f.value, nil
		}
		return "", fmt.Errorf("reading GitHub credentials from %s: %w", f.path, err)
	}
	f.changed, f.size, f.value = info.ModTime(), info.Size(), value
	return value, nil
}
