// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"context"
	"encoding/base64"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/github/githubtest/bare"
)

// repoRoutes are the operations on repositories, their people and their contents.
func (s *Server) repoRoutes(route func(string, func(*call) (answer, error))) {
	route("GET /repos/{owner}/{repo}", func(c *call) (answer, error) {
		r, err := c.repo()
		if err != nil {
			return answer{}, err
		}
		return ok(s.fullRepoJSON(r, c.who))
	})
	route("GET /repos/{owner}/{repo}/collaborators", s.listCollaborators)
	route("GET /repos/{owner}/{repo}/collaborators/{login}", s.checkCollaborator)
	route("GET /repos/{owner}/{repo}/collaborators/{login}/permission", s.getPermission)
	route("GET /repos/{owner}/{repo}/contents/{path...}", s.getContents)
	route("GET /repos/{owner}/{repo}/git/ref/{ref...}", s.getRef)
	route("GET /repos/{owner}/{repo}/git/blobs/{sha}", s.getBlob)
	route("GET /repos/{owner}/{repo}/branches/{branch}", s.getBranch)
}

func (s *Server) listCollaborators(c *call) (answer, error) {
	r, err := c.repoFor("push")
	if err != nil {
		return answer{}, err
	}
	var users []*user
	for _, u := range s.users {
		if u.kind != "Organization" && s.may(r, identity{login: u.login}, "pull") {
			users = append(users, u)
		}
	}
	slices.SortFunc(users, func(a, b *user) int { return int(a.id - b.id) })
	return ok(list(page(c, users), func(u *user) object { return s.collaboratorJSON(r, u) }))
}

func (s *Server) collaboratorJSON(r *repo, u *user) object {
	who := identity{login: u.login}
	return with(s.userJSON(u), object{
		"role_name": roleName(s.permission(r, who)),
		"permissions": object{
			"admin": s.may(r, who, "admin"), "maintain": s.may(r, who, "maintain"), "push": s.may(r, who, "push"),
			"triage": s.may(r, who, "triage"), "pull": s.canRead(r, who),
		},
	})
}

// roleName is how the role is called nowadays.
func roleName(role string) string {
	switch role {
	case "pull":
		return "read"
	case "push":
		return "write"
	}
	return role
}

func (s *Server) checkCollaborator(c *call) (answer, error) {
	r, err := c.repoFor("push")
	if err != nil {
		return answer{}, err
	}
	if !s.may(r, identity{login: c.PathValue("login")}, "pull") {
		return answer{}, notFound()
	}
	return noContent()
}

func (s *Server) getPermission(c *call) (answer, error) {
	r, err := c.repoFor("pull")
	if err != nil {
		return answer{}, err
	}
	u := s.users[key(c.PathValue("login"))]
	if u == nil {
		return answer{}, notFound()
	}
	role := s.permission(r, identity{login: u.login})
	if role == "" && !r.private {
		role = "pull"
	}
	// The old name of the role knows no triage and no maintain.
	permission := map[string]string{"": "none", "pull": "read", "triage": "read", "push": "write", "maintain": "write", "admin": "admin"}[role]
	return ok(object{"permission": permission, "role_name": firstOf(roleName(role), "none"), "user": s.collaboratorJSON(r, u)})
}

func (s *Server) getContents(c *call) (answer, error) {
	r, err := c.repo()
	if err != nil {
		return answer{}, err
	}
	ref := firstOf(c.URL.Query().Get("ref"), r.defaultBranch)
	commit := s.resolve(c.Context(), r, ref)
	if commit == "" {
		return answer{}, &refusal{status: 404, message: "No commit found for the ref " + ref}
	}
	name := strings.Trim(c.PathValue("path"), "/")
	entry, err := r.git.Entry(c.Context(), commit, name)
	if err != nil {
		return answer{}, notFound()
	}
	switch entry.Type {
	case "tree":
		entries, err := r.git.List(c.Context(), commit, name)
		if err != nil {
			return answer{}, err
		}
		return ok(list(entries, func(e bare.Entry) object { return s.entryJSON(r, e, ref) }))
	case "commit":
		return ok(with(s.entryJSON(r, entry, ref), object{"type": "submodule", "submodule_git_url": nil}))
	}
	return s.getFile(c.Context(), r, entry, ref)
}

// inlined is the size up to which the contents API tells a file's content.
const inlined = 1 << 20

func (s *Server) getFile(ctx context.Context, r *repo, e bare.Entry, ref string) (answer, error) {
	content, encoding := "", "none"
	if e.Size <= inlined {
		data, err := r.git.Blob(ctx, e.SHA)
		if err != nil {
			return answer{}, err
		}
		if e.Mode == "120000" {
			return ok(with(s.entryJSON(r, e, ref), object{"type": "symlink", "target": string(data)}))
		}
		content, encoding = base64Lines(data), "base64"
	}
	return ok(with(s.entryJSON(r, e, ref), object{"content": content, "encoding": encoding}))
}

// base64Lines encodes in lines, as GitHub does.
func base64Lines(data []byte) string {
	encoded := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for len(encoded) > 60 {
		b.WriteString(encoded[:60] + "\n")
		encoded = encoded[60:]
	}
	if encoded != "" {
		b.WriteString(encoded + "\n")
	}
	return b.String()
}

func (s *Server) entryJSON(r *repo, e bare.Entry, ref string) object {
	kind := map[string]string{"blob": "file", "tree": "dir", "commit": "file"}[e.Type]
	self := fmt.Sprintf("%s/contents/%s?ref=%s", s.api(r), escapePath(e.Path), escape(ref))
	git := fmt.Sprintf("%s/git/%ss/%s", s.api(r), e.Type, e.SHA)
	html := fmt.Sprintf("%s/%s/%s/%s", s.html(r), e.Type, escape(ref), escapePath(e.Path))
	var download any
	if e.Type == "blob" {
		download = fmt.Sprintf("%s/raw/%s/%s", s.html(r), escape(ref), escapePath(e.Path))
	}
	return object{
		"type": kind, "name": path.Base(e.Path), "path": e.Path, "sha": e.SHA, "size": e.Size, "url": self, "git_url": git,
		"html_url": html, "download_url": download, "_links": object{"self": self, "git": git, "html": html},
	}
}

func (s *Server) getRef(c *call) (answer, error) {
	r, err := c.repo()
	if err != nil {
		return answer{}, err
	}
	ref := "refs/" + c.PathValue("ref")
	sha := r.refs[ref]
	if number := 0; sha == "" {
		if _, err := fmt.Sscanf(ref, "refs/pull/%d/head", &number); err == nil && number >= 1 && number <= len(r.issues) {
			if p := r.issues[number-1].pull; p != nil {
				sha = p.headSHA
			}
		}
	}
	if sha == "" {
		return answer{}, notFound()
	}
	kind := "commit"
	if strings.HasPrefix(ref, "refs/tags/") && s.resolve(c.Context(), r, ref) != sha {
		kind = "tag"
	}
	return ok(object{
		"ref": ref, "node_id": "REF_" + sha, "url": s.api(r) + "/git/" + ref,
		"object": object{"sha": sha, "type": kind, "url": s.api(r) + "/git/" + kind + "s/" + sha},
	})
}

func (s *Server) getBlob(c *call) (answer, error) {
	r, err := c.repo()
	if err != nil {
		return answer{}, err
	}
	sha := c.PathValue("sha")
	data, err := r.git.Blob(c.Context(), sha)
	if err != nil {
		return answer{}, notFound()
	}
	if strings.HasSuffix(c.Header.Get("Accept"), "raw") {
		return ok(rawBytes(data))
	}
	return ok(object{
		"sha": sha, "node_id": "B_" + sha, "size": len(data), "url": s.api(r) + "/git/blobs/" + sha,
		"content": base64Lines(data), "encoding": "base64",
	})
}

func (s *Server) getBranch(c *call) (answer, error) {
	r, err := c.repo()
	if err != nil {
		return answer{}, err
	}
	name := c.PathValue("branch")
	sha := r.refs["refs/heads/"+name]
	if sha == "" {
		return answer{}, &refusal{status: 404, message: "Branch not found"}
	}
	commit, err := r.show(c.Context(), sha)
	if err != nil {
		return answer{}, err
	}
	api := s.api(r) + "/branches/" + escape(name)
	return ok(object{
		"name": name, "commit": s.commitJSON(r, commit), "protected": false, "protection": object{"enabled": false},
		"protection_url": api + "/protection", "_links": object{"self": api, "html": s.html(r) + "/tree/" + escape(name)},
	})
}
