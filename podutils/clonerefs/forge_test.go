// SPDX-License-Identifier: Apache-2.0

package clonerefs_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// forge serves the repositories of a folder by HTTP, and looks at what everybody
// on the machine can see while they are fetched.
type forge struct {
	*httptest.Server
	t     *testing.T
	repos http.Handler

	mu sync.Mutex
	// users are who may fetch what is below a path, as user:password; others are
	// public.
	users map[string]string
	// cookie, if set, has to come with each request.
	cookie string
	// moved are paths that redirect to a URL.
	moved map[string]string
	// hanging are what to call on requests below a path, instead of answering.
	hanging map[string]func(r *http.Request) bool
	// asked are the requests that came, and answered the ones that were let in.
	asked, answered []*http.Request
	spy             *spy
}

func newForge(t *testing.T, dir string) *forge {
	t.Helper()
	gitPath, err := exec.CommandContext(t.Context(), "git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	f := &forge{
		t: t,
		repos: &cgi.Handler{
			Path: filepath.Join(strings.TrimSpace(string(gitPath)), "git-http-backend"),
			Env:  []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1"},
		},
		users: map[string]string{}, moved: map[string]string{}, hanging: map[string]func(*http.Request) bool{}, spy: &spy{},
	}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// ServeHTTP implements http.Handler.
func (f *forge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.spy.look(f.t)
	for path, hang := range f.hanging {
		if strings.HasPrefix(r.URL.Path, path) && hang(r) {
			return
		}
	}
	if f.admit(w, r) {
		f.repos.ServeHTTP(w, r)
	}
}

func (f *forge) admit(w http.ResponseWriter, r *http.Request) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, r)
	for path, to := range f.moved {
		if rest, ok := strings.CutPrefix(r.URL.Path, path); ok {
			http.Redirect(w, r, to+rest+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
			return false
		}
	}
	if cookie, err := r.Cookie("session"); f.cookie != "" && (err != nil || cookie.Value != f.cookie) {
		http.Error(w, "no cookie", http.StatusForbidden)
		return false
	}
	for path, want := range f.users {
		user, password, _ := r.BasicAuth()
		if strings.HasPrefix(r.URL.Path, path) && user+":"+password != want {
			w.Header().Set("WWW-Authenticate", `Basic realm="forge"`)
			http.Error(w, "log in", http.StatusUnauthorized)
			return false
		}
	}
	f.answered = append(f.answered, r)
	return true
}

// hang makes the forge say nothing to the first requests below a path. It returns
// what is told when one comes, and when the other side has given it up.
func (f *forge) hang(path string, times int64) (reached, left chan struct{}) {
	reached, left = make(chan struct{}, times), make(chan struct{}, times)
	var count atomic.Int64
	f.hanging[path] = func(r *http.Request) bool {
		if count.Add(1) > times {
			return false
		}
		reached <- struct{}{}
		<-r.Context().Done()
		left <- struct{}{}
		return true
	}
	return reached, left
}

// refs are those of a repository of the forge.
func (f *forge) refs(org, repo string, pulls ...prowv1.Pull) prowv1.Refs {
	return prowv1.Refs{Org: org, Repo: repo, BaseRef: "main", CloneURI: f.URL + "/" + org + "/" + repo + ".git", Pulls: pulls}
}

// withUser is the URI with a user and password in it.
func withUser(t *testing.T, uri, user, password string) string {
	t.Helper()
	parsed, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	parsed.User = url.UserPassword(user, password)
	return parsed.String()
}

// spy keeps the command lines that anybody on the machine could have seen.
type spy struct {
	mu    sync.Mutex
	lines []string
}

// look looks at all processes now.
func (s *spy) look(t *testing.T) {
	names, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		line, err := os.ReadFile(name + "/cmdline")
		if err != nil {
			continue // it has ended
		}
		if text := strings.ReplaceAll(string(line), "\x00", " "); !slices.Contains(s.lines, text) {
			s.lines = append(s.lines, text)
		}
		if info, err := os.Stat(name + "/environ"); err == nil && info.Mode().Perm() != 0o400 {
			t.Errorf("the environment of %s may be read as %v", line, info.Mode())
		}
	}
}

// text is all that was seen; it must have seen git at work.
func (s *spy) text(t *testing.T) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	text := strings.Join(s.lines, "\n")
	if !strings.Contains(text, "git fetch ") {
		t.Error("nobody looked while git was at work")
	}
	return text
}

// github makes the forge one that knows a GitHub App, with a token for each org.
// It returns the API's address, and how many tokens it gave to each org.
func (f *forge) github(key *rsa.PublicKey, tokens map[string]string) (api string, given map[string]int) {
	given = map[string]int{}
	mux := http.NewServeMux()
	answer := func(pattern string, body func(r *http.Request) string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if !signedBy(key, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")) {
				http.Error(w, "bad credentials", http.StatusUnauthorized)
				return
			}
			_, _ = w.Write([]byte(body(r)))
		})
	}
	answer("GET /api/app", func(*http.Request) string { return `{"slug":"ci-app"}` })
	// Any number will do for an installation; the length of the org's name is one.
	number := func(org string) string { return strings.Repeat("1", len(org)) }
	for org, token := range tokens {
		answer("GET /api/repos/"+org+"/{repo}/installation", func(*http.Request) string { return `{"id":` + number(org) + `}` })
		answer("POST /api/app/installations/"+number(org)+"/access_tokens", func(*http.Request) string {
			f.mu.Lock()
			defer f.mu.Unlock()
			given[org]++
			return `{"token":"` + token + `"}`
		})
		f.users["/"+org+"/"] = "ci-app[bot]:" + token
	}
	server := httptest.NewServer(mux)
	f.t.Cleanup(server.Close)
	return server.URL + "/api", given
}

// writeKey makes a private key in a file, and returns the public one.
func writeKey(t *testing.T, file string) *rsa.PublicKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return &key.PublicKey
}

func signedBy(key *rsa.PublicKey, jwt string) bool {
	i := strings.LastIndex(jwt, ".")
	if i < 0 {
		return false
	}
	signature, err := base64.RawURLEncoding.DecodeString(jwt[i+1:])
	sum := sha256.Sum256([]byte(jwt[:i]))
	return err == nil && rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
}
