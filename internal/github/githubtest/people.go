// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// AddUser makes an account, unless there is one; a login that ends in "[bot]" is a bot's.
func (s *Server) AddUser(login string) github.User {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.publicUser(s.account(login))
}

// account returns the account of the login, new if need be.
func (s *Server) account(login string) *user {
	if u := s.users[key(login)]; u != nil {
		return u
	}
	u := &user{id: s.id(), login: login, kind: "User", created: s.now()}
	if strings.HasSuffix(login, "[bot]") {
		u.kind = "Bot"
	}
	s.users[key(login)] = u
	return u
}

func (s *Server) publicUser(u *user) github.User {
	return github.User{Login: u.login, Type: u.kind, HTMLURL: s.url + "/" + u.login, ID: u.id}
}

// Token returns the token by which the login, made if need be, may use REST and git.
// Nobody can guess it: on the one machine, to comment is to run programs.
func (s *Server) Token(login string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.account(login)
	if u.token == "" {
		u.token = "ghp_" + rand.Text()
		s.tokens[u.token] = identity{login: u.login}
	}
	return u.token
}

// AddToken makes the token stand for the login.
func (s *Server) AddToken(token, login string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[token] = identity{login: s.account(login).login}
}

func alphanumeric(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
		return r
	}
	return -1
}

// AddMember makes the login a public member of the org, made if need be.
func (s *Server) AddMember(orgLogin, login string) { s.addMember(orgLogin, login, "member") }

// AddOwner makes the login an owner of the org, made if need be.
func (s *Server) AddOwner(orgLogin, login string) { s.addMember(orgLogin, login, "admin") }

func (s *Server) addMember(orgLogin, login, role string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.organization(orgLogin).members[key(s.account(login).login)] = role
}

// RemoveMember takes the login out of the org.
func (s *Server) RemoveMember(orgLogin, login string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.organization(orgLogin).members, key(login))
}

// organization returns the org, new if need be.
func (s *Server) organization(login string) *org {
	if o := s.orgs[key(login)]; o != nil {
		return o
	}
	account := s.account(login)
	account.kind = "Organization"
	o := &org{account: account, members: map[string]string{}}
	s.orgs[key(login)] = o
	return o
}

// AddTeam makes a team, or adds members to it. Members of a team are members of the org.
func (s *Server) AddTeam(orgLogin, name string, members ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.organization(orgLogin)
	slug := strings.ReplaceAll(key(name), " ", "-")
	i := slices.IndexFunc(o.teams, func(t *team) bool { return t.slug == slug })
	if i < 0 {
		i = len(o.teams)
		o.teams = append(o.teams, &team{id: s.id(), name: name, slug: slug, created: s.now()})
	}
	for _, login := range members {
		u := s.account(login)
		if o.members[key(login)] == "" {
			o.members[key(login)] = "member"
		}
		o.teams[i].members = append(o.teams[i].members, u.login)
	}
}

// AddCollaborator gives the login "pull", "triage", "push", "maintain" or "admin" on the repository.
func (s *Server) AddCollaborator(name github.Repo, login, permission string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(name)
	if err != nil {
		return err
	}
	if !slices.Contains(levels(), permission) {
		return fmt.Errorf("there is no permission %q", permission)
	}
	r.permissions[key(s.account(login).login)] = permission
	return nil
}

// levels are GitHub's roles in a repository, weakest first.
func levels() []string { return []string{"", "pull", "triage", "push", "maintain", "admin"} }

// permission returns the strongest role that the login has in the repository; a
// public one may be read by anybody, which is not a role.
func (s *Server) permission(r *repo, who identity) string {
	if who.org != "" {
		if key(who.org) == key(r.owner.login) {
			return "push" // what an app is usually given
		}
		return ""
	}
	if who.login != "" && key(who.login) == key(r.owner.login) {
		return "admin"
	}
	role := r.permissions[key(who.login)]
	if o := s.orgs[key(r.owner.login)]; o != nil {
		switch o.members[key(who.login)] {
		case "admin":
			return "admin"
		case "member":
			role = stronger(role, "pull")
		}
	}
	return role
}

func stronger(a, b string) string {
	if slices.Index(levels(), a) > slices.Index(levels(), b) {
		return a
	}
	return b
}

// may reports whether the role is at least the wanted one.
func (s *Server) may(r *repo, who identity, wanted string) bool {
	return slices.Index(levels(), s.permission(r, who)) >= slices.Index(levels(), wanted)
}

// association is how GitHub calls the author's relation to the repository.
func (s *Server) association(r *repo, u *user) string {
	if key(u.login) == key(r.owner.login) {
		return "OWNER"
	}
	if o := s.orgs[key(r.owner.login)]; o != nil && o.members[key(u.login)] != "" {
		return "MEMBER"
	}
	if r.permissions[key(u.login)] != "" {
		return "COLLABORATOR"
	}
	for _, i := range r.issues {
		if i.pull != nil && i.author == u && !i.pull.merged.IsZero() {
			return "CONTRIBUTOR"
		}
	}
	return "NONE"
}

// find returns the repository of that name.
func (s *Server) find(name github.Repo) (*repo, error) {
	r := s.repos[key(name.Org, name.Name)]
	if r == nil {
		return nil, fmt.Errorf("there is no repository %v", name)
	}
	return r, nil
}

// findIssue returns the issue or pull of that name.
func (s *Server) findIssue(name github.Issue) (*issue, error) {
	r, err := s.find(name.Repository())
	if err != nil {
		return nil, err
	}
	if name.Number < 1 || name.Number > len(r.issues) {
		return nil, fmt.Errorf("there is no %v", name)
	}
	return r.issues[name.Number-1], nil
}

// findPull returns the pull of that name.
func (s *Server) findPull(name github.Issue) (*issue, error) {
	i, err := s.findIssue(name)
	if err != nil {
		return nil, err
	}
	if i.pull == nil {
		return nil, fmt.Errorf("%v is no pull", name)
	}
	return i, nil
}
