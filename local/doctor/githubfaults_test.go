// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/local/manifests"
)

// app registers the App anew, changed, until the end of the test.
func (c *cluster) app(t *testing.T, change func(*githubtest.App)) {
	t.Helper()
	block, _ := pem.Decode(c.key)
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	c.forge.AddApp(changed(&key.PublicKey, change))
	t.Cleanup(func() { c.forge.AddApp(changed(&key.PublicKey, func(*githubtest.App) {})) })
}

// changed is Cutwater's App but for the change.
func changed(key *rsa.PublicKey, change func(*githubtest.App)) githubtest.App {
	app := githubtest.App{ID: appID, Slug: "cutwater", Key: key, Orgs: []string{"org"}, Permissions: map[string]string{}}
	for _, p := range github.AppPermissions() {
		app.Permissions[p.Name] = p.Access
	}
	for _, e := range github.AppEvents() {
		app.Events = append(app.Events, e.Name)
	}
	change(&app)
	return app
}

func githubFaults() []fault {
	app := func(change func(*githubtest.App)) func(*testing.T, *cluster, string) {
		return func(t *testing.T, c *cluster, _ string) { c.app(t, change) }
	}
	intercept := func(path string, answer func(http.ResponseWriter) bool) func(*testing.T, *cluster, string) {
		return func(t *testing.T, c *cluster, _ string) {
			c.forge.Intercept(func(w http.ResponseWriter, r *http.Request) bool { return r.URL.Path == path && answer(w) })
			t.Cleanup(func() { c.forge.Intercept(nil) })
		}
	}
	token := func(s *manifests.Set) {
		settings := keep(s.ConfigMaps, "settings")[0]
		settings.Data["github-app-id"], settings.Data["github-app-private-key-path"] = "", ""
		settings.Data["github-token-path"] = "/etc/github-token/token"
	}
	return []fault{
		{
			name: "an App with too little",
			then: app(func(a *githubtest.App) {
				delete(a.Permissions, "statuses")
				a.Permissions["contents"] = "read"
				a.Events = a.Events[1:]
			}),
			want: `
problem | GitHub | the App cutwater lacks permissions: contents is read and must be write, statuses is none and must be write – change it in the App's settings: FORGE/apps/cutwater
problem | GitHub | the App cutwater is not sent check_run – change it in the App's settings: FORGE/apps/cutwater
problem | GitHub | in org, the App cutwater was not granted contents, statuses and check_run – an owner of org must accept the App's new permissions: FORGE/organizations/org/settings
`,
		},
		{
			name: "an App that is installed nowhere", then: app(func(a *githubtest.App) { a.Orgs = nil }),
			want: `
problem | GitHub | the App cutwater is installed nowhere – install it: FORGE/apps/cutwater/installations/new
`,
		},
		{
			name: "a webhook that does not fit",
			change: func(s *manifests.Set) {
				keep(s.ConfigMaps, "settings")[0].Data["webhook-url"] = "https://new.example.com/hook"
			},
			then: intercept("/app/hook/config", func(w http.ResponseWriter) bool {
				_, err := io.WriteString(w, `{"url": "https://old.example.com/hook", "content_type": "form", "insecure_ssl": "1"}`)
				return err == nil
			}),
			want: `
problem | GitHub | the webhook of the App cutwater leads to https://old.example.com/hook, and webhook-url says https://new.example.com/hook – change it in the App's settings: FORGE/apps/cutwater
problem | GitHub | the webhook of the App cutwater sends form, and hook reads json – change it in the App's settings: FORGE/apps/cutwater
problem | GitHub | the webhook of the App cutwater has no secret, and hook refuses what is not signed – change it in the App's settings: FORGE/apps/cutwater
warning | GitHub | the webhook of the App cutwater does not verify certificates – change it in the App's settings: FORGE/apps/cutwater
`,
		},
		{
			name: "few requests left",
			then: intercept("/rate_limit", func(w http.ResponseWriter) bool {
				limit := `{"limit": 5000, "remaining": 7, "reset": 1893456000, "used": 4993}`
				_, err := fmt.Fprintf(w, `{"rate": %[1]s, "resources": {"core": %[1]s, "search": %[1]s}}`, limit)
				return err == nil
			}),
			want: `
warning | GitHub | 7 of 5000 requests in org are left until TIME – find out who else uses these credentials; an App has more requests than a token
`,
		},
		{
			name: "credentials that GitHub does not know",
			then: app(func(a *githubtest.App) { a.ID++ }),
			// Its own number is another's now.
			change: func(s *manifests.Set) { keep(s.ConfigMaps, "settings")[0].Data["github-app-id"] = "404" },
			want: `
problem | GitHub | GitHub does not accept the credentials: asking which app we are: GET /app: 401 Bad credentials – renew the token, or the App's private key
`,
		},
		{
			name: "a token without scopes", change: token,
			then: func(t *testing.T, c *cluster, namespace string) {
				c.create(t, c.secret(namespace, "github-token", "token", []byte(c.forge.Token("bot"))))
				intercept("/user", func(w http.ResponseWriter) bool {
					w.Header().Set("X-Oauth-Scopes", "gist, read:user")
					return false
				})(t, c, namespace)
			},
			want: `
problem | GitHub | the token of bot lacks the scope repo: it has gist and read:user – make one with the scopes repo, read:org and admin:repo_hook
warning | GitHub | the token of bot lacks the scope read:org: nobody is known as a member who hides it – make one with the scopes repo, read:org and admin:repo_hook
warning | GitHub | with a token, hook cannot know which deliveries never arrived – set webhook-url and webhook-owners
`,
		},
		{
			name: "a repository without a webhook", change: func(s *manifests.Set) {
				token(s)
				keep(s.ConfigMaps, "plugins")[0].Data["plugins.yaml"] = "plugins:\n  org: {plugins: [hold]}\n"
				settings := keep(s.ConfigMaps, "settings")[0]
				settings.Data["webhook-url"], settings.Data["webhook-owners"] = "https://new.example.com/hook", "org/repo"
			},
			then: func(t *testing.T, c *cluster, namespace string) {
				repo := github.Repo{Org: "org", Name: "repo"}
				if err := c.forge.CreateRepo(t.Context(), repo, githubtest.RepoOptions{Files: map[string]string{"a": "1"}}); err != nil {
					t.Fatal(err)
				}
				c.forge.AddOwner("org", "admin")
				c.create(t, c.secret(namespace, "github-token", "token", []byte(c.forge.Token("admin"))))
			},
			want: `
warning | GitHub | org/repo has no active webhook that leads to https://new.example.com/hook – add one there: content type application/json, the secret of hmac-token, all events; or one of the org
`,
		},
		{
			name: "neither a token nor an App",
			change: func(s *manifests.Set) {
				token(s)
				keep(s.ConfigMaps, "settings")[0].Data["github-token-path"] = ""
			},
			want: `
problem | GitHub | neither a token nor an App is set – make an App with ` + "`cutwater github-app create`" + `, and set github-app-id and github-app-private-key-path
`,
		},
	}
}
