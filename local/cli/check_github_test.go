// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

// write writes files into a new working folder.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// warnings are the lines of what was printed that are warnings.
func warnings(out string) []string {
	var all []string
	for line := range strings.Lines(out) {
		if _, message, ok := strings.Cut(line, ": warning: "); ok {
			all = append(all, strings.TrimSpace(message))
		}
	}
	return all
}

// ownersPages is a GraphQL API with two pages of repositories of org.
func ownersPages(t *testing.T) *httptest.Server {
	t.Helper()
	page := func(next bool, nodes string) string {
		end := map[bool]string{true: "second", false: "end"}[next]
		return `{"data":{"repositoryOwner":{"repositories":{"nodes":[` + nodes + `],"pageInfo":{"hasNextPage":` + map[bool]string{true: "true", false: "false"}[next] + `,"endCursor":"` + end + `"}}}}}`
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Query     string
			Variables struct{ Org, File, Cursor string }
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		if asked.Variables.File != "HEAD:OWNERS" || !strings.Contains(asked.Query, "object(expression: $file)") {
			t.Errorf("asked %s with %+v", asked.Query, asked.Variables)
		}
		answer := `{"data":{"repositoryOwner":null}}`
		switch {
		case asked.Variables.Org != "org":
		case asked.Variables.Cursor == "":
			answer = page(true, `{"name":"with","owner":{"login":"org"},"isArchived":false,"object":{"id":"B_1"}},{"name":"without","owner":{"login":"org"},"isArchived":false,"object":null}`)
		case asked.Variables.Cursor == "second":
			answer = page(false, `{"name":"old","owner":{"login":"org"},"isArchived":true,"object":null},{"name":"out","owner":{"login":"org"},"isArchived":false,"object":null},{"name":"late","owner":{"login":"org"},"isArchived":false,"object":null}`)
		}
		if _, err := w.Write([]byte(answer)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// Repositories with plugins for OWNERS files are asked for theirs: those of an org in pages, others one by one.
func TestCheckOwnersPresence(t *testing.T) {
	forge := githubtest.Start(t, githubtest.Options{})
	for name, file := range map[string]string{"has": "OWNERS", "lacks": "README"} {
		if err := forge.CreateRepo(t.Context(), github.Repo{Org: "other", Name: name}, githubtest.RepoOptions{Files: map[string]string{file: "approvers: [ann]\n"}}); err != nil {
			t.Fatal(err)
		}
	}
	write(t, map[string]string{
		"token":        forge.Token("ann"),
		"config.yaml":  "{}\n",
		"plugins.yaml": "plugins:\n  org:\n    plugins: [approve]\n    excluded_repos: [out]\n  other/has:\n    plugins: [rifle]\n  other/lacks:\n    plugins: [rifle]\n",
		"gone.yaml":    "plugins:\n  gone:\n    plugins: [approve]\n",
	})
	flags := []string{
		"--config", "config.yaml", "--warnings", ownersCheck, "--github-token-path", "token",
		"--github-endpoint", forge.URL() + "/", "--github-graphql-endpoint", ownersPages(t).URL + "/graphql",
	}
	out, err := runCheck(t, append(flags, "--plugins", "plugins.yaml")...)
	if err != nil {
		t.Fatal(err)
	}
	const because = " has a plugin that reads OWNERS files, but no OWNERS at its root [" + ownersCheck + "]"
	want := []string{"plugins[org]: org/late" + because, "plugins[org]: org/without" + because, "plugins[other/lacks]: other/lacks" + because}
	if diff := cmp.Diff(want, warnings(out)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := runCheck(t, append(flags, "--plugins", "gone.yaml")...); ExitCode(err) != 1 || !strings.Contains(messageOf(err), "there is no such org") {
		t.Errorf("an org that is gone: %v", err)
	}
	_, err = runCheck(t, "--config", "config.yaml", "--plugins", "plugins.yaml", "--expensive-checks")
	if want := ownersCheck + " needs --github-token-path or --github-app-id"; ExitCode(err) != 2 || messageOf(err) != want {
		t.Errorf("without a token: %v, want %s", err, want)
	}
}

// With a GitHub App, the orgs in which it is not installed are found without being asked for.
func TestCheckAppInstallation(t *testing.T) {
	forge := githubtest.Start(t, githubtest.Options{})
	if err := forge.CreateRepo(t.Context(), github.Repo{Org: "there", Name: "repo"}, githubtest.RepoOptions{Files: map[string]string{"a": "1"}}); err != nil {
		t.Fatal(err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	forge.AddApp(githubtest.App{ID: 42, Slug: "cutwater", Key: &key.PublicKey, Orgs: []string{"there"}})
	write(t, map[string]string{
		"key":         string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
		"config.yaml": "tide:\n  queries:\n  - orgs: [there]\n  - orgs: [gone]\n",
	})
	out, err := runCheck(t, "--config", "config.yaml", "--github-app-id", "42", "--github-app-private-key-path", "key", "--github-endpoint", forge.URL()+"/")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"tide.queries[1].orgs[0]: the GitHub App is not installed in gone [" + appCheck + "]"}, warnings(out)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if out, err := runCheck(t, "--config", "config.yaml", "--expensive-checks"); err != nil || !strings.HasPrefix(out, "notice: is not run, since it needs --github-app-id ["+appCheck+"]\n") {
		t.Errorf("without an App: %v, %s", err, out)
	}
	if _, err := runCheck(t, "--config", "config.yaml", "--warnings", appCheck); ExitCode(err) != 2 {
		t.Errorf("by name and without an App: %v", err)
	}
}
