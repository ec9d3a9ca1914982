// SPDX-License-Identifier: Apache-2.0

package clonerefs_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cutwater-ci/cutwater/podutils/clonerefs"
	"github.com/cutwater-ci/cutwater/podutils/layout"
)

// token is the secret of these tests.
const token = "ghs_t0ken/with+odd=signs"

// newForge serves the source repository by HTTP to those who log in, and the
// requests of a GitHub App.
func newForge(t *testing.T, source, user, password string, key *rsa.PublicKey) *httptest.Server {
	t.Helper()
	gitPath, err := exec.CommandContext(t.Context(), "git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	repos := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(gitPath)), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + source, "GIT_HTTP_EXPORT_ALL=1"},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/repo.git/", func(w http.ResponseWriter, r *http.Request) {
		if u, p, ok := r.BasicAuth(); !ok || u != user || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="forge"`)
			http.Error(w, "log in", http.StatusUnauthorized)
			return
		}
		repos.ServeHTTP(w, r)
	})
	answer := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if !signedBy(key, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")) {
				http.Error(w, "bad credentials", http.StatusUnauthorized)
				return
			}
			_, _ = w.Write([]byte(body))
		})
	}
	answer("GET /api/app", `{"slug":"ci-app"}`)
	answer("GET /api/repos/org/repo/installation", `{"id":42}`)
	answer("POST /api/app/installations/42/access_tokens", `{"token":"`+token+`"}`)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
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
	text, signature, ok := cutLast(jwt, ".")
	raw, err := base64.RawURLEncoding.DecodeString(signature)
	sum := sha256.Sum256([]byte(text))
	return ok && err == nil && key != nil && rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw) == nil
}

func cutLast(text, separator string) (before, after string, ok bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return "", "", false
	}
	return text[:i], text[i+len(separator):], true
}

// spyOnGit notes the command lines of all git processes in a file.
func spyOnGit(t *testing.T) (commandLines string) {
	t.Helper()
	real, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	commandLines = filepath.Join(dir, "command-lines")
	spy := "#!/bin/sh\necho \"$@\" >> " + commandLines + "\nexec " + real + " \"$@\"\n"
	if err := os.WriteFile(filepath.Join(dir, "git"), []byte(spy), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return commandLines
}

func TestOAuthToken(t *testing.T) {
	source := newSource(t)
	forge := newForge(t, source, token, "x-oauth-basic", nil)
	refs := refsOf(source)
	refs.CloneURI = forge.URL + "/repo.git"
	o := newOptions(t, refs)
	o.Fail, o.OauthTokenFile = true, filepath.Join(source, "token")
	if err := os.WriteFile(o.OauthTokenFile, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	commandLines := spyOnGit(t)
	records, log := run(t, o)
	checkSecrecy(t, log, commandLines, filepath.Dir(o.SrcRoot))
	checkFetch(t, records[0], "git fetch http://CENSORED:x-oauth-basic@"+strings.TrimPrefix(forge.URL, "http://")+"/repo.git --tags --prune")
}

func TestWrongOAuthToken(t *testing.T) {
	source := newSource(t)
	forge := newForge(t, source, "another", "x-oauth-basic", nil)
	refs := refsOf(source)
	refs.CloneURI = forge.URL + "/repo.git"
	o := newOptions(t, refs)
	o.OauthTokenFile = filepath.Join(source, "token")
	if err := os.WriteFile(o.OauthTokenFile, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	commandLines := spyOnGit(t)
	records, log := run(t, o)
	if !records[0].Failed {
		t.Error("the clone did not fail")
	}
	checkSecrecy(t, log, commandLines, filepath.Dir(o.SrcRoot))
}

func TestGitHubApp(t *testing.T) {
	source := newSource(t)
	keyFile := filepath.Join(source, "key.pem")
	forge := newForge(t, source, "ci-app[bot]", token, writeKey(t, keyFile))
	refs := refsOf(source)
	refs.CloneURI = forge.URL + "/repo.git"
	second := refs
	second.PathAlias = "second"
	o := newOptions(t, refs, second)
	o.Fail, o.GitHubAppID, o.GitHubAppPrivateKeyFile = true, "7", keyFile
	o.GitHubAPIEndpoints = []string{forge.URL + "/nothing-here", forge.URL + "/api"}
	commandLines := spyOnGit(t)
	records, log := run(t, o)
	checkSecrecy(t, log, commandLines, filepath.Dir(o.SrcRoot))
	checkFetch(t, records[0], "git fetch http://ci-app%5Bbot%5D:CENSORED@"+strings.TrimPrefix(forge.URL, "http://")+"/repo.git --tags --prune")
}

// GitHub's hiccups do not fail a job, and its wish for a pause is heard; what it
// refuses is not asked for again.
func TestGitHubAppRetries(t *testing.T) {
	for _, test := range []struct {
		name    string
		answers []int
		after   string
		waits   string
		fails   bool
	}{
		{name: "bad gateway", answers: []int{502, 200}, waits: "[1s]"},
		{name: "rate limit", answers: []int{403, 429, 200}, after: "5", waits: "[5s 5s]"},
		{name: "limit for an hour", answers: []int{403}, after: "3600", waits: "[]", fails: true},
		{name: "not installed", answers: []int{404}, waits: "[]", fails: true},
		{name: "always down", answers: []int{503, 503, 503, 503, 503}, waits: "[1s 2s 4s 8s]", fails: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			source := newSource(t)
			asked := 0
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/app" {
					asked++
					w.Header().Set("Retry-After", test.after)
					w.WriteHeader(test.answers[min(asked, len(test.answers))-1])
				}
				_, _ = w.Write([]byte(`{"slug":"ci-app","id":42,"token":"` + token + `"}`))
			}))
			t.Cleanup(api.Close)
			o := newOptions(t, refsOf(source))
			o.Fail, o.GitHubAppID, o.GitHubAppPrivateKeyFile = true, "7", filepath.Join(source, "key.pem")
			o.GitHubAPIEndpoints = []string{api.URL}
			writeKey(t, o.GitHubAppPrivateKeyFile)
			var waits []time.Duration
			sleep := func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
			err := clonerefs.Run(t.Context(), o, sleep, slog.New(slog.DiscardHandler))
			if (err != nil) != test.fails {
				t.Errorf("error is %v, want one: %t", err, test.fails)
			}
			if got := fmt.Sprint(waits); got != test.waits || asked != len(test.answers) {
				t.Errorf("%d requests with waits %s, want %d with %s", asked, got, len(test.answers), test.waits)
			}
		})
	}
}

func checkFetch(t *testing.T, record layout.CloneRecord, want string) {
	t.Helper()
	for _, command := range record.Commands {
		if strings.HasSuffix(command.Command, " "+want) {
			return
		}
	}
	t.Errorf("no command %q in\n%s", want, layout.CloneLog([]layout.CloneRecord{record}))
}

// checkSecrecy looks for the token, in any form, wherever it could have gone.
func checkSecrecy(t *testing.T, log, commandLines, dir string) {
	t.Helper()
	lines, err := os.ReadFile(commandLines)
	if err != nil || !strings.Contains(string(lines), "fetch") {
		t.Errorf("git's command lines were not seen: %v", err)
	}
	places := map[string]string{"log": log, "command lines": string(lines)}
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		places[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for place, text := range places {
		for _, secret := range []string{token, strings.Split(token, "/")[0], base64.StdEncoding.EncodeToString([]byte(token + ":x-oauth-basic")), base64.StdEncoding.EncodeToString([]byte("ci-app[bot]:" + token))} {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds the token:\n%s", place, text)
			}
		}
	}
}
