// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"time"
)

// object is a JSON object.
type object = map[string]any

// with returns a copy of o with more fields.
func with(o object, more object) object {
	out := make(object, len(o)+len(more))
	maps.Copy(out, o)
	maps.Copy(out, more)
	return out
}

// list renders each.
func list[T any](in []T, render func(T) object) []object {
	out := make([]object, 0, len(in))
	for _, v := range in {
		out = append(out, render(v))
	}
	return out
}

// stamp is GitHub's way to write a time; null when it never was.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

// orNull returns nil for an empty text.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// node is an opaque id, as GraphQL would know the thing by.
func node(kind string, id int64) string {
	return kind + "_" + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d", id))
}

func (s *Server) userJSON(u *user) object {
	api := s.url + "/users/" + u.login
	return object{
		"login": u.login, "id": u.id, "node_id": node("U", u.id), "avatar_url": s.url + "/avatars/" + u.login,
		"gravatar_id": "", "url": api, "html_url": s.url + "/" + u.login, "followers_url": api + "/followers",
		"following_url": api + "/following{/other_user}", "gists_url": api + "/gists{/gist_id}",
		"starred_url": api + "/starred{/owner}{/repo}", "subscriptions_url": api + "/subscriptions",
		"organizations_url": api + "/orgs", "repos_url": api + "/repos", "events_url": api + "/events{/privacy}",
		"received_events_url": api + "/received_events", "type": u.kind, "site_admin": false,
	}
}

// userOrNull renders nobody as null.
func (s *Server) userOrNull(u *user) any {
	if u == nil {
		return nil
	}
	return s.userJSON(u)
}

// firstUser is the "assignee" that GitHub keeps for old clients.
func (s *Server) firstUser(users []*user) any {
	if len(users) == 0 {
		return nil
	}
	return s.userJSON(users[0])
}

// accountJSON is what GET /users/{login} tells.
func (s *Server) accountJSON(u *user) object {
	return with(s.userJSON(u), object{
		"name": nil, "company": nil, "blog": "", "location": nil, "email": nil, "hireable": nil, "bio": nil,
		"public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
		"created_at": stamp(u.created), "updated_at": stamp(u.created), "user_view_type": "public",
	})
}

func (s *Server) orgJSON(o *org) object {
	api := s.url + "/orgs/" + o.account.login
	return object{
		"login": o.account.login, "id": o.account.id, "node_id": node("O", o.account.id), "url": api,
		"repos_url": api + "/repos", "events_url": api + "/events", "hooks_url": api + "/hooks", "issues_url": api + "/issues",
		"members_url": api + "/members{/member}", "public_members_url": api + "/public_members{/member}",
		"avatar_url": s.url + "/avatars/" + o.account.login, "description": nil,
	}
}

// fullOrgJSON is what GET /orgs/{org} tells.
func (s *Server) fullOrgJSON(o *org) object {
	return with(s.orgJSON(o), object{
		"html_url": s.url + "/" + o.account.login, "type": "Organization",
		"has_organization_projects": false, "has_repository_projects": false,
		"public_repos": 0, "public_gists": 0, "followers": 0, "following": 0, "archived_at": nil,
		"created_at": stamp(o.account.created), "updated_at": stamp(o.account.created),
	})
}

func (s *Server) teamJSON(o *org, t *team) object {
	api := fmt.Sprintf("%s/organizations/%d/team/%d", s.url, o.account.id, t.id)
	return object{
		"id": t.id, "node_id": node("T", t.id), "url": api, "name": t.name, "slug": t.slug, "description": nil,
		"html_url": s.url + "/orgs/" + o.account.login + "/teams/" + t.slug, "privacy": "closed", "permission": "pull",
		"notification_setting": "notifications_enabled", "members_url": api + "/members{/member}",
		"repositories_url": api + "/repos", "parent": nil, "type": "organization",
	}
}

// fullTeamJSON is what GET /orgs/{org}/teams/{slug} tells.
func (s *Server) fullTeamJSON(o *org, t *team) object {
	return with(s.teamJSON(o, t), object{
		"created_at": stamp(t.created), "updated_at": stamp(t.created), "members_count": len(t.members), "repos_count": 0,
		"organization": s.fullOrgJSON(o),
	})
}

func (s *Server) hookJSON(h *hook) object {
	api := s.url + "/app/hook/config"
	kind := "App"
	switch {
	case h.Repo != "":
		kind, api = "Repository", fmt.Sprintf("%s/repos/%s/hooks/%d", s.url, h.Repo, h.id)
	case h.Org != "":
		kind, api = "Organization", fmt.Sprintf("%s/orgs/%s/hooks/%d", s.url, h.Org, h.id)
	}
	config := object{"content_type": "json", "insecure_ssl": "0", "url": h.URL}
	if h.Secret != "" {
		config["secret"] = "********"
	}
	out := object{
		"type": kind, "id": h.id, "name": "web", "active": true, "events": h.events, "config": config,
		"created_at": stamp(s.now()), "updated_at": stamp(s.now()), "url": api,
		"ping_url": api + "/pings", "deliveries_url": api + "/deliveries",
	}
	if kind == "Repository" {
		out["test_url"] = api + "/test"
		out["last_response"] = object{"code": nil, "status": "unused", "message": nil}
	}
	return out
}
