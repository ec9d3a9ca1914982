// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"maps"
	"net/http"
	"slices"
)

// peopleRoutes are the operations on users, organizations and teams.
func (s *Server) peopleRoutes(route func(string, func(*call) (answer, error))) {
	route("GET /user", s.getSelf)
	route("GET /users/{login}", s.getUser)
	route("GET /rate_limit", s.getRateLimit)
	route("GET /orgs/{org}", func(c *call) (answer, error) {
		o, err := c.org()
		if err != nil {
			return answer{}, err
		}
		return ok(s.fullOrgJSON(o))
	})
	route("GET /orgs/{org}/members", s.listMembers)
	route("GET /orgs/{org}/members/{login}", s.checkMember)
	route("GET /orgs/{org}/public_members/{login}", s.checkPublicMember)
	route("GET /orgs/{org}/teams", func(c *call) (answer, error) {
		o, err := c.orgAsMember()
		if err != nil {
			return answer{}, err
		}
		return ok(list(page(c, o.teams), func(t *team) object { return s.teamJSON(o, t) }))
	})
	route("GET /orgs/{org}/teams/{team}", func(c *call) (answer, error) {
		o, t, err := c.team()
		if err != nil {
			return answer{}, err
		}
		return ok(s.fullTeamJSON(o, t))
	})
	route("GET /orgs/{org}/teams/{team}/members", func(c *call) (answer, error) {
		_, t, err := c.team()
		if err != nil {
			return answer{}, err
		}
		return ok(list(page(c, t.members), func(login string) object { return s.userJSON(s.account(login)) }))
	})
	route("GET /orgs/{org}/teams/{team}/memberships/{login}", s.getMembership)
}

func (s *Server) getSelf(c *call) (answer, error) {
	u, err := c.user()
	if err != nil {
		return answer{}, err
	}
	if c.who.org != "" {
		return answer{}, forbidden("Resource not accessible by integration")
	}
	return ok(s.accountJSON(u))
}

func (s *Server) getUser(c *call) (answer, error) {
	u := s.users[key(c.PathValue("login"))]
	if u == nil {
		return answer{}, notFound()
	}
	return ok(s.accountJSON(u))
}

func (s *Server) getRateLimit(*call) (answer, error) {
	limit := func(n int) object {
		return object{"limit": n, "used": 0, "remaining": n, "reset": s.now().Unix() + 3600}
	}
	return ok(object{"rate": limit(5000), "resources": object{"core": limit(5000), "search": limit(30), "graphql": limit(5000)}})
}

func (c *call) org() (*org, error) {
	if o := c.s.orgs[key(c.PathValue("org"))]; o != nil {
		return o, nil
	}
	return nil, notFound()
}

// orgAsMember returns the org if the caller belongs to it.
func (c *call) orgAsMember() (*org, error) {
	o, err := c.org()
	if err != nil {
		return nil, err
	}
	if !c.belongsTo(o) {
		return nil, notFound()
	}
	return o, nil
}

func (c *call) belongsTo(o *org) bool {
	return o.members[key(c.who.login)] != "" || c.who.org != "" && key(c.who.org) == key(o.account.login)
}

func (c *call) team() (*org, *team, error) {
	o, err := c.orgAsMember()
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(o.teams, func(t *team) bool { return t.slug == c.PathValue("team") })
	if i < 0 {
		return nil, nil, notFound()
	}
	return o, o.teams[i], nil
}

func (s *Server) listMembers(c *call) (answer, error) {
	o, err := c.org()
	if err != nil {
		return answer{}, err
	}
	role := c.URL.Query().Get("role")
	var logins []string
	for _, login := range slices.Sorted(maps.Keys(o.members)) {
		if role == "" || role == "all" || role == o.members[login] {
			logins = append(logins, login)
		}
	}
	return ok(list(page(c, logins), func(login string) object { return s.userJSON(s.account(login)) }))
}

// checkMember sends those who are not members to the public list.
func (s *Server) checkMember(c *call) (answer, error) {
	o := s.orgs[key(c.PathValue("org"))]
	if o == nil {
		return answer{}, notFound()
	}
	if !c.belongsTo(o) {
		c.header.Set("Location", s.url+"/orgs/"+o.account.login+"/public_members/"+escape(c.PathValue("login")))
		return answer{status: http.StatusFound}, nil
	}
	return s.checkPublicMember(c)
}

func (s *Server) checkPublicMember(c *call) (answer, error) {
	o := s.orgs[key(c.PathValue("org"))]
	if o == nil || o.members[key(c.PathValue("login"))] == "" {
		return answer{}, notFound()
	}
	return noContent()
}

func (s *Server) getMembership(c *call) (answer, error) {
	o, t, err := c.team()
	if err != nil {
		return answer{}, err
	}
	login := c.PathValue("login")
	if !slices.ContainsFunc(t.members, func(m string) bool { return key(m) == key(login) }) {
		return answer{}, notFound()
	}
	url := s.teamJSON(o, t)["url"].(string) + "/memberships/" + escape(login)
	return ok(object{"role": "member", "state": "active", "url": url})
}
