// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// App is a GitHub App and where it is installed.
type App struct {
	ID   int64
	Slug string
	Key  *rsa.PublicKey
	Orgs []string
	// Permissions are by name, and Events those that it is sent; installations accept both.
	Permissions map[string]string
	Events      []string
}

type app struct {
	App
	bot           *user
	created       time.Time
	installations map[int64]string // org by id
}

// AddApp makes a GitHub App and installs it.
func (s *Server) AddApp(a App) {
	s.mu.Lock()
	defer s.mu.Unlock()
	made := &app{App: a, bot: s.account(a.Slug + "[bot]"), created: s.now(), installations: map[int64]string{}}
	for _, org := range a.Orgs {
		made.installations[s.id()] = s.organization(org).account.login
	}
	s.apps[a.ID] = made
}

func badCredentials() *refusal {
	return &refusal{status: http.StatusUnauthorized, message: "Bad credentials"}
}

// authenticate finds out who sends the request; nobody is fine.
func (s *Server) authenticate(req *http.Request) (identity, *app, error) {
	token := tokenOf(req)
	if strings.Count(token, ".") == 2 {
		a, err := s.appOf(token)
		return identity{}, a, err
	}
	who, known := s.whoIs(req)
	if token != "" && !known {
		return identity{}, nil, badCredentials()
	}
	return who, nil, nil
}

// whoIs returns whom the request's token stands for.
func (s *Server) whoIs(req *http.Request) (identity, bool) {
	who, known := s.tokens[tokenOf(req)]
	if known && !who.expires.IsZero() && s.now().After(who.expires) {
		return identity{}, false
	}
	return who, known
}

// tokenOf returns the request's token: REST sends it as such, git as a password.
func tokenOf(req *http.Request) string {
	if _, password, ok := req.BasicAuth(); ok {
		return password
	}
	scheme, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "token") {
		return strings.TrimSpace(token)
	}
	return ""
}

// appOf returns the app that has signed the JSON web token (RS256).
func (s *Server) appOf(token string) (*app, error) {
	parts := strings.Split(token, ".")
	claims := struct {
		Issuer  json.RawMessage `json:"iss"` // a number or a text
		Expires float64         `json:"exp"`
	}{}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		return nil, badCredentials()
	}
	id, err := strconv.ParseInt(strings.Trim(string(claims.Issuer), `"`), 10, 64)
	a := s.apps[id]
	if err != nil || a == nil {
		return nil, badCredentials()
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, badCredentials()
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(a.Key, crypto.SHA256, sum[:], signature) != nil {
		return nil, badCredentials()
	}
	if s.now().After(time.Unix(int64(claims.Expires), 0)) {
		return nil, &refusal{status: http.StatusUnauthorized, message: "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"}
	}
	return a, nil
}

// appRoutes are the operations of apps.
func (s *Server) appRoutes(route func(string, func(*call) (answer, error))) {
	route("GET /app", func(c *call) (answer, error) {
		if c.app == nil {
			return answer{}, needsAuthentication()
		}
		return ok(s.appJSON(c.app))
	})
	route("POST /app-manifests/{code}/conversions", s.convertManifest)
	route("GET /app/installations", func(c *call) (answer, error) {
		if c.app == nil {
			return answer{}, needsAuthentication()
		}
		var ids []int64
		for id := range c.app.installations {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		return ok(list(page(c, ids), func(id int64) object { return s.installationJSON(c.app, id) }))
	})
	route("POST /app/installations/{installation}/access_tokens", func(c *call) (answer, error) {
		if c.app == nil {
			return answer{}, needsAuthentication()
		}
		org, installed := c.app.installations[int64(intOr(c.PathValue("installation"), 0))]
		if !installed {
			return answer{}, notFound()
		}
		token, expires := "ghs_"+rand.Text(), s.now().Add(time.Hour)
		s.tokens[token] = identity{login: c.app.bot.login, org: org, expires: expires}
		return created(object{
			"token": token, "expires_at": stamp(expires), "repository_selection": "all",
			"permissions": object{"contents": "write", "issues": "write", "pull_requests": "write", "statuses": "write"},
		})
	})
}

func (s *Server) appJSON(a *app) object {
	return object{
		"id": a.ID, "slug": a.Slug, "node_id": node("A", a.ID), "owner": s.userJSON(a.bot), "name": a.Slug,
		"description": nil, "external_url": s.url + "/apps/" + a.Slug, "html_url": s.url + "/apps/" + a.Slug,
		"created_at": stamp(a.created), "updated_at": stamp(a.created), "permissions": a.permissions(), "events": a.events(),
	}
}

// permissions are those of the app; one that was not asked has one all the same.
func (a *app) permissions() any {
	if a.Permissions != nil {
		return a.Permissions
	}
	return object{"issues": "write"}
}

func (a *app) events() []string { return append([]string{}, a.Events...) }

func (s *Server) installationJSON(a *app, id int64) object {
	org := s.organization(a.installations[id]).account
	// GitHub's description wants an account to be a user and an enterprise at once.
	account := with(s.userJSON(org), object{
		"name": org.login, "slug": key(org.login), "created_at": stamp(org.created), "updated_at": stamp(org.created),
	})
	return object{
		"id": id, "account": account, "repository_selection": "all", "app_id": a.ID, "app_slug": a.Slug,
		"target_id": org.id, "target_type": "Organization", "permissions": a.permissions(), "events": a.events(),
		"access_tokens_url": fmt.Sprintf("%s/app/installations/%d/access_tokens", s.url, id),
		"repositories_url":  s.url + "/installation/repositories", "html_url": s.url + "/organizations/" + org.login + "/settings",
		"created_at": stamp(a.created), "updated_at": stamp(a.created), "single_file_name": nil,
		"suspended_by": nil, "suspended_at": nil,
	}
}
