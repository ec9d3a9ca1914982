// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest/bare"
)

// accountOf finds whose the address is: commits made here use login@users.noreply.github.test.
func (s *Server) accountOf(p bare.Person) *user {
	login, ok := strings.CutSuffix(p.Email, noreply)
	if !ok {
		return nil
	}
	return s.users[key(login)]
}

const noreply = "@users.noreply.github.test"

// personOf is how the account appears in commits.
func personOf(u *user) bare.Person { return bare.Person{Name: u.login, Email: u.login + noreply} }

func gitPerson(p bare.Person, at time.Time) object {
	return object{"name": p.Name, "email": p.Email, "date": stamp(at)}
}

// commitJSON is a commit as REST and the status webhook tell it.
func (s *Server) commitJSON(r *repo, c bare.Commit) object {
	api := s.api(r)
	parents := []object{}
	for _, p := range c.Parents {
		parents = append(parents, object{"sha": p, "url": api + "/commits/" + p, "html_url": s.html(r) + "/commit/" + p})
	}
	return object{
		"sha": c.SHA, "node_id": "C_" + c.SHA, "url": api + "/commits/" + c.SHA, "html_url": s.html(r) + "/commit/" + c.SHA,
		"comments_url": api + "/commits/" + c.SHA + "/comments",
		"author":       s.userOrNull(s.accountOf(c.Author)), "committer": s.userOrNull(s.accountOf(c.Committer)), "parents": parents,
		"commit": object{
			"url": api + "/git/commits/" + c.SHA, "author": gitPerson(c.Author, c.AuthoredAt),
			"committer": gitPerson(c.Committer, c.CommittedAt), "message": c.Message,
			"tree": object{"sha": c.Tree, "url": api + "/git/trees/" + c.Tree}, "comment_count": 0,
			"verification": object{
				"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil,
			},
		},
	}
}

func (s *Server) fileJSON(r *repo, head string, f bare.File) object {
	out := object{
		"sha": f.SHA, "filename": f.Name, "status": f.Status, "additions": f.Additions, "deletions": f.Deletions,
		"changes":      f.Additions + f.Deletions,
		"blob_url":     fmt.Sprintf("%s/blob/%s/%s", s.html(r), head, escapePath(f.Name)),
		"raw_url":      fmt.Sprintf("%s/raw/%s/%s", s.html(r), head, escapePath(f.Name)),
		"contents_url": fmt.Sprintf("%s/contents/%s?ref=%s", s.api(r), escapePath(f.Name), head),
	}
	if f.Patch != "" {
		out["patch"] = f.Patch
	}
	if f.PreviousName != "" {
		out["previous_filename"] = f.PreviousName
	}
	return out
}

// escapePath makes a path fit for a URL.
func escapePath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = escape(p)
	}
	return strings.Join(parts, "/")
}

func (s *Server) statusJSON(r *repo, sha string, st *status) object {
	return object{
		"url": s.api(r) + "/statuses/" + sha, "avatar_url": s.url + "/avatars/" + st.creator.login, "id": st.id,
		"node_id": node("SC", st.id), "state": st.state, "description": orNull(st.description), "target_url": orNull(st.targetURL),
		"context": st.context, "created_at": stamp(st.created), "updated_at": stamp(st.created),
	}
}

// miniPull is a pull as check and workflow runs mention it.
func (s *Server) miniPulls(r *repo, sha string) []object {
	out := []object{}
	mini := func(r *repo) object { return object{"id": r.id, "url": s.api(r), "name": r.name} }
	for _, i := range r.issues {
		if i.pull == nil || i.pull.headSHA != sha || i.state != "open" {
			continue
		}
		out = append(out, object{
			"id": i.id, "number": i.number, "url": s.pullAPI(i),
			"head": object{"ref": i.pull.head, "sha": sha, "repo": mini(i.pull.headRepo)},
			"base": object{"ref": i.pull.base, "sha": i.pull.baseSHA, "repo": mini(r)},
		})
	}
	return out
}

func (s *Server) checkJSON(r *repo, c *check) object {
	api := fmt.Sprintf("%s/check-runs/%d", s.api(r), c.id)
	var completed any
	if c.run.Status == "completed" {
		completed = stamp(c.updated)
	}
	var app any
	if c.run.AppSlug != "" {
		app = object{
			"id": 1, "slug": c.run.AppSlug, "node_id": node("A", 1), "owner": s.userJSON(r.owner), "name": c.run.AppSlug,
			"description": nil, "external_url": s.url, "html_url": s.url + "/apps/" + c.run.AppSlug,
			"created_at": stamp(c.started), "updated_at": stamp(c.started), "permissions": object{"checks": "write"}, "events": []string{},
		}
	}
	return object{
		"id": c.id, "head_sha": c.run.HeadSHA, "node_id": node("CR", c.id), "external_id": "", "url": api,
		"html_url": firstOf(c.run.HTMLURL, fmt.Sprintf("%s/runs/%d", s.html(r), c.id)), "details_url": orNull(c.run.HTMLURL),
		"status": c.run.Status, "conclusion": orNull(c.run.Conclusion), "started_at": stamp(c.started), "completed_at": completed,
		"output": object{
			"title": nil, "summary": nil, "text": nil, "annotations_count": 0, "annotations_url": api + "/annotations",
		},
		"name": c.run.Name, "check_suite": nil, "app": app, "pull_requests": s.miniPulls(r, c.run.HeadSHA),
	}
}

func (s *Server) workflowRunJSON(r *repo, w *workflowRun) object {
	api := fmt.Sprintf("%s/actions/runs/%d", s.api(r), w.run.ID)
	return object{
		"id": w.run.ID, "name": w.run.Name, "node_id": node("WFR", w.run.ID), "head_branch": orNull(w.run.HeadBranch),
		"head_sha": w.run.HeadSHA, "path": ".github/workflows/" + escape(w.run.Name) + ".yml", "run_number": w.number,
		"run_attempt": w.attempt, "event": w.run.Event, "display_title": w.run.Name, "status": orNull(w.run.Status),
		"conclusion": orNull(w.run.Conclusion), "workflow_id": 1, "check_suite_id": 1, "url": api,
		"html_url":      firstOf(w.run.HTMLURL, fmt.Sprintf("%s/actions/runs/%d", s.html(r), w.run.ID)),
		"pull_requests": s.miniPulls(r, w.run.HeadSHA), "created_at": stamp(w.created), "updated_at": stamp(w.updated),
		"jobs_url": api + "/jobs", "logs_url": api + "/logs", "check_suite_url": s.api(r) + "/check-suites/1",
		"artifacts_url": api + "/artifacts", "cancel_url": api + "/cancel", "rerun_url": api + "/rerun",
		"workflow_url": s.api(r) + "/actions/workflows/1", "head_commit": nil, "repository": s.repoJSON(r), "head_repository": s.repoJSON(r),
	}
}

func toStatus(st *status) github.Status {
	return github.Status{Context: st.context, State: st.state, Description: st.description, TargetURL: st.targetURL}
}
