// SPDX-License-Identifier: Apache-2.0

package github_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/github"
)

func TestSecretsStaySecret(t *testing.T) {
	const token = "ghp_verysecret"
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	var authorization []string
	broken := roundTrip(func(req *http.Request) (*http.Response, error) {
		authorization = append(authorization, req.URL.Host+" "+req.Header.Get("Authorization"))
		if req.URL.Host == "elsewhere.test" {
			return nil, errors.New("refused")
		}
		return &http.Response{StatusCode: 302, Header: http.Header{"Location": {"https://elsewhere.test/x?access_token=" + token}}, Body: http.NoBody, Request: req}, nil
	})
	c := must[*github.Client](t)(github.New(t.Context(), github.Options{TokenFile: file, Transport: broken, Retry: github.Retry{Attempts: 1}}))
	_, err := c.Labels(t.Context(), repo.Issue(1))
	if err == nil || strings.Contains(err.Error(), token) || !strings.Contains(err.Error(), "elsewhere.test/x") {
		t.Errorf("error = %v", err)
	}
	diff(t, "who saw the token", authorization, []string{"api.github.com Bearer " + token, "elsewhere.test "})
	if _, err := github.New(t.Context(), github.Options{Endpoint: "https://bob:" + token + "@ghe.test"}); err == nil || strings.Contains(err.Error(), token) {
		t.Errorf("an endpoint with a password: %v", err)
	}
}

// redirecting answers requests for the path with a redirect, and all others
// with an empty list, and notes what came.
func redirecting(path, to string, status int, came *[]string) http.RoundTripper {
	return roundTrip(func(req *http.Request) (*http.Response, error) {
		*came = append(*came, strings.TrimSpace(req.Method+" "+req.URL.String()+" "+req.Header.Get("Authorization")))
		resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: req}
		if req.URL.Path == path {
			resp.StatusCode, resp.Header = status, http.Header{"Location": {to}}
		} else {
			resp.Body = io.NopCloser(strings.NewReader("[]"))
		}
		return resp, nil
	})
}

func TestRedirects(t *testing.T) {
	const api, path, renamed = "https://api.github.com", "/repos/org/repo/issues/1/labels", "/repositories/7/issues/1/labels"
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("ghp_x"), 0o600); err != nil {
		t.Fatal(err)
	}
	addLabel := func(c *github.Client) error { return c.AddLabel(t.Context(), repo.Issue(1), "x") }
	labels := func(c *github.Client) error {
		_, err := c.Labels(t.Context(), repo.Issue(1))
		return err
	}
	for _, tc := range []struct {
		name   string
		call   func(*github.Client) error
		status int
		to     string
		want   string
	}{
		{"a renamed repository is read", labels, 301, api + renamed, "GET " + api + renamed + " Bearer ghp_x"},
		{"and written", addLabel, 307, api + renamed, "POST " + api + renamed + " Bearer ghp_x"},
		{"a write does not become a read", addLabel, 301, api + renamed, "POST " + api + renamed + " Bearer ghp_x"},
		{"for a while neither", addLabel, 302, api + renamed, "POST " + api + renamed + " Bearer ghp_x"},
		{"the token does not leave TLS", labels, 301, "http://api.github.com" + renamed, "GET http://api.github.com" + renamed},
		{"nor the host", labels, 301, "https://github.test" + renamed, "GET https://github.test" + renamed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var came []string
			c := must[*github.Client](t)(github.New(t.Context(), github.Options{
				TokenFile: file, Transport: redirecting(path, tc.to, tc.status, &came), Retry: github.Retry{Attempts: 1},
			}))
			if err := tc.call(c); err != nil {
				t.Error(err)
			}
			diff(t, "requests after the first", came[1:], []string{tc.want})
		})
	}
}

func TestTokenFile(t *testing.T) {
	s := world(t)
	file := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("not a token of anybody")
	c := must[*github.Client](t)(github.New(t.Context(), github.Options{Endpoint: s.URL(), TokenFile: file}))
	if _, err := c.BotUser(t.Context()); !github.IsUnauthorized(err) {
		t.Errorf("with a wrong token: %v", err)
	}
	write(s.Token("ci-robot"))
	diff(t, "bot", must[github.User](t)(c.BotUser(t.Context())).Login, "ci-robot")
	diff(t, "git's token", must[string](t)(c.Token(t.Context(), "org")), s.Token("ci-robot"))
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Repository(t.Context(), repo); err != nil {
		t.Errorf("while the file is being replaced: %v", err)
	}
	for _, o := range []github.Options{
		{TokenFile: file}, {AppID: 1}, {AppKeyFile: file}, {AppID: 1, AppKeyFile: file, TokenFile: file}, {Endpoint: "ftp://x"},
	} {
		if _, err := github.New(t.Context(), o); err == nil {
			t.Errorf("options %+v were taken", o)
		}
	}
}
