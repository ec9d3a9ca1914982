// SPDX-License-Identifier: Apache-2.0

package githubtest

// api returns the URL of the repository in the REST API.
func (s *Server) api(r *repo) string { return s.url + "/repos/" + r.fullName() }

// html returns the URL of the repository's page.
func (s *Server) html(r *repo) string { return s.url + "/" + r.fullName() }

// repoURLs are where GitHub keeps what belongs to a repository.
func (s *Server) repoURLs(r *repo) object {
	api, html := s.api(r), s.html(r)
	out := object{
		"url": api, "html_url": html, "git_url": html + ".git", "ssh_url": "git@github.test:" + r.fullName() + ".git",
		"clone_url": html + ".git", "svn_url": html,
	}
	for name, path := range map[string]string{
		"archive_url": "/{archive_format}{/ref}", "assignees_url": "/assignees{/user}", "blobs_url": "/git/blobs{/sha}",
		"branches_url": "/branches{/branch}", "collaborators_url": "/collaborators{/collaborator}",
		"comments_url": "/comments{/number}", "commits_url": "/commits{/sha}", "compare_url": "/compare/{base}...{head}",
		"contents_url": "/contents/{+path}", "contributors_url": "/contributors", "deployments_url": "/deployments",
		"downloads_url": "/downloads", "events_url": "/events", "forks_url": "/forks", "git_commits_url": "/git/commits{/sha}",
		"git_refs_url": "/git/refs{/sha}", "git_tags_url": "/git/tags{/sha}", "hooks_url": "/hooks",
		"issue_comment_url": "/issues/comments{/number}", "issue_events_url": "/issues/events{/number}",
		"issues_url": "/issues{/number}", "keys_url": "/keys{/key_id}", "labels_url": "/labels{/name}",
		"languages_url": "/languages", "merges_url": "/merges", "milestones_url": "/milestones{/number}",
		"notifications_url": "/notifications{?since,all,participating}", "pulls_url": "/pulls{/number}",
		"releases_url": "/releases{/id}", "stargazers_url": "/stargazers", "statuses_url": "/statuses/{sha}",
		"subscribers_url": "/subscribers", "subscription_url": "/subscription", "tags_url": "/tags", "teams_url": "/teams",
		"trees_url": "/git/trees{/sha}",
	} {
		out[name] = api + path
	}
	return out
}

func (s *Server) repoJSON(r *repo) object {
	open := 0
	for _, i := range r.issues {
		if i.state == "open" {
			open++
		}
	}
	visibility := "public"
	if r.private {
		visibility = "private"
	}
	return with(s.repoURLs(r), object{
		"id": r.id, "node_id": node("R", r.id), "name": r.name, "full_name": r.fullName(), "private": r.private,
		"owner": s.userJSON(r.owner), "description": nil, "fork": r.parent != nil, "default_branch": r.defaultBranch,
		"created_at": stamp(r.created), "updated_at": stamp(r.pushed), "pushed_at": stamp(r.pushed),
		"homepage": nil, "size": 0, "stargazers_count": 0, "watchers_count": 0, "language": nil,
		"has_issues": true, "has_projects": true, "has_downloads": true, "has_wiki": true, "has_pages": false,
		"has_discussions": false, "forks_count": 0, "mirror_url": nil, "archived": false, "disabled": false,
		"open_issues_count": open, "open_issues": open, "license": nil, "forks": 0, "watchers": 0, "allow_forking": true,
		"is_template": false, "web_commit_signoff_required": false, "topics": []string{}, "visibility": visibility,
		"custom_properties": object{},
	})
}

// fullRepoJSON is what GET /repos/{owner}/{repo} tells.
func (s *Server) fullRepoJSON(r *repo, who identity) object {
	out := with(s.repoJSON(r), object{
		"network_count": 0, "subscribers_count": 0, "allow_merge_commit": true, "allow_squash_merge": true,
		"allow_rebase_merge": true, "delete_branch_on_merge": false,
		"permissions": object{
			"admin": s.may(r, who, "admin"), "maintain": s.may(r, who, "maintain"), "push": s.may(r, who, "push"),
			"triage": s.may(r, who, "triage"), "pull": s.canRead(r, who),
		},
	})
	if r.parent != nil {
		out["parent"], out["source"] = s.repoJSON(r.parent), s.repoJSON(r.parent)
	}
	return out
}

// pushedRepoJSON is the repository of a push webhook, which has some times as
// numbers, and fields of its own.
func (s *Server) pushedRepoJSON(r *repo) object {
	owner := s.userJSON(r.owner)
	owner["name"], owner["email"] = r.owner.login, nil
	out := with(s.repoJSON(r), object{
		"created_at": r.created.Unix(), "pushed_at": r.pushed.Unix(), "owner": owner, "url": s.html(r),
		"stargazers": 0, "master_branch": r.defaultBranch,
	})
	if s.orgs[key(r.owner.login)] != nil {
		out["organization"] = r.owner.login
	}
	return out
}

func (s *Server) labelJSON(r *repo, l *label) object {
	return object{
		"id": l.id, "node_id": node("LA", l.id), "url": s.api(r) + "/labels/" + escape(l.name), "name": l.name,
		"color": l.color, "default": false, "description": l.description, // GitHub's lists of pulls want text here, where there may be none
	}
}
