// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// codeLife is how long GitHub keeps the code of a manifest.
const codeLife = time.Hour

// manifest is what somebody posts to have an App made of.
type manifest struct {
	Name           string `json:"name"`
	URL            string `json:"url"`
	HookAttributes struct {
		URL    string `json:"url"`
		Active *bool  `json:"active"`
	} `json:"hook_attributes"`
	RedirectURL        string            `json:"redirect_url"`
	Public             bool              `json:"public"`
	DefaultPermissions map[string]string `json:"default_permissions"`
	DefaultEvents      []string          `json:"default_events"`
}

// manifested is an App to be: its code has not been redeemed yet.
type manifested struct {
	manifest

	owner   string // an org; empty is whoever sits at the browser
	expires time.Time
}

// servesAppPage answers the web pages where people make and install Apps.
func (s *Server) servesAppPage(w http.ResponseWriter, req *http.Request) bool {
	parts := strings.Split(strings.Trim(req.URL.Path, "/"), "/")
	switch {
	case strings.Join(parts, "/") == "settings/apps/new":
		s.servePageOfManifest(w, req, "")
	case len(parts) == 5 && parts[0] == "organizations" && strings.Join(parts[2:], "/") == "settings/apps/new":
		s.servePageOfManifest(w, req, parts[1])
	case len(parts) == 4 && parts[0] == "apps" && strings.Join(parts[2:], "/") == "installations/new":
		s.serveInstallation(w, req, parts[1])
	default:
		return false
	}
	return true
}

//nolint:gochecknoglobals // read only
var manifestPage = template.Must(template.New("").Parse(`<!doctype html><link rel="icon" href="data:,"><title>Register new GitHub App</title>
<form method="post"><input type="hidden" name="manifest" value="{{.Manifest}}">
<input id="app_name" name="app[name]" value="{{.Name}}">
<button id="create">Create GitHub App for {{.Owner}}</button></form>`))

// servePageOfManifest asks for the App's name, and then sends the browser back
// to where the manifest says, with the code.
func (s *Server) servePageOfManifest(w http.ResponseWriter, req *http.Request, owner string) {
	if req.Method != http.MethodPost {
		http.Error(w, "post a manifest here", http.StatusMethodNotAllowed)
		return
	}
	text := req.PostFormValue("manifest")
	m, err := readManifest(text)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	name, named := req.PostFormValue("app[name]"), req.PostForm.Has("app[name]")
	if !named {
		_ = manifestPage.Execute(w, map[string]string{"Manifest": text, "Name": m.Name, "Owner": firstOf(owner, "you")})
		return
	}
	m.Name = name
	code := rand.Text()
	s.mu.Lock()
	s.codes[code] = manifested{m, owner, s.now().Add(codeLife)}
	s.mu.Unlock()
	back, err := url.Parse(m.RedirectURL)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	query := back.Query()
	query.Set("code", code)
	if state := req.URL.Query().Get("state"); state != "" {
		query.Set("state", state)
	}
	back.RawQuery = query.Encode()
	http.Redirect(w, req, back.String(), http.StatusFound)
}

// readManifest refuses what GitHub refuses.
func readManifest(text string) (manifest, error) {
	var m manifest
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return m, fmt.Errorf("the manifest is not JSON: %w", err)
	}
	for field, value := range map[string]string{"url": m.URL, "redirect_url": m.RedirectURL, "hook_attributes.url": m.HookAttributes.URL} {
		if u, err := url.Parse(value); err != nil || u.Host == "" {
			return m, fmt.Errorf("%s must be a URL", field)
		}
	}
	if len(m.Name) > 34 {
		return m, fmt.Errorf("the name is longer than 34 characters")
	}
	return m, nil
}

// convertManifest redeems a code: it makes the App and hands out its secrets, once.
func (s *Server) convertManifest(c *call) (answer, error) {
	code := c.PathValue("code")
	m, ok := s.codes[code]
	if !ok || s.now().After(m.expires) {
		return answer{}, notFound()
	}
	delete(s.codes, code)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return answer{}, err
	}
	slug := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(m.Name), "-"), "-")
	made := &app{
		App: App{
			ID: s.id(), Slug: slug, Key: &key.PublicKey, Permissions: m.DefaultPermissions, Events: m.DefaultEvents,
		},
		bot: s.account(slug + "[bot]"), created: s.now(), installations: map[int64]string{},
	}
	s.apps[made.ID] = made
	h := &hook{Webhook: Webhook{URL: m.HookAttributes.URL, Secret: rand.Text(), Events: m.DefaultEvents}, id: s.id(), events: m.DefaultEvents}
	h.queue = s.deliveries.newQueue(h)
	s.hooks = append(s.hooks, h)
	owner := s.account(firstOf(m.owner, "octocat"))
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return created(with(s.appJSON(made), object{
		"name": m.Name, "owner": s.userJSON(owner), "client_id": "Iv1." + rand.Text(), "client_secret": rand.Text(),
		"webhook_secret": h.Secret, "pem": string(private),
	}))
}

// serveInstallation asks where to install an App, and installs it.
func (s *Server) serveInstallation(w http.ResponseWriter, req *http.Request, slug string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.apps {
		if a.Slug != slug {
			continue
		}
		if req.Method != http.MethodPost {
			_, _ = w.Write([]byte(`<!doctype html><link rel="icon" href="data:,"><title>Install</title><form method="post"><input id="org" name="org"><button id="install">Install</button></form>`))
			return
		}
		a.installations[s.id()] = s.organization(req.PostFormValue("org")).account.login
		_, _ = w.Write([]byte(`<!doctype html><link rel="icon" href="data:,"><title>Installed</title><p id="installed">Installed.</p>`))
		return
	}
	http.Error(w, "no such app", http.StatusNotFound)
}
