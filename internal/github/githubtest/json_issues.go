// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"fmt"
	"net/url"
)

// escape makes a name fit for a path of one part.
func escape(name string) string { return url.PathEscape(name) }

// path returns "issues" or "pull", as the page of i is called.
func (i *issue) path() string {
	if i.pull != nil {
		return "pull"
	}
	return "issues"
}

func (s *Server) issueHTML(i *issue) string {
	return fmt.Sprintf("%s/%s/%d", s.html(i.repo), i.path(), i.number)
}

func (s *Server) issueAPI(i *issue) string {
	return fmt.Sprintf("%s/issues/%d", s.api(i.repo), i.number)
}

func (s *Server) pullAPI(i *issue) string { return fmt.Sprintf("%s/pulls/%d", s.api(i.repo), i.number) }

func (s *Server) issueJSON(i *issue) object {
	api := s.issueAPI(i)
	out := object{
		"url": api, "repository_url": s.api(i.repo), "labels_url": api + "/labels{/name}", "comments_url": api + "/comments",
		"events_url": api + "/events", "html_url": s.issueHTML(i), "id": i.id, "node_id": node("I", i.id),
		"number": i.number, "title": i.title, "user": s.userJSON(i.author), "labels": s.labelsJSON(i), "state": i.state,
		"locked": false, "assignee": s.firstUser(i.assignees), "assignees": list(i.assignees, s.userJSON), "milestone": nil,
		"comments": len(i.comments), "created_at": stamp(i.created), "updated_at": stamp(i.updated), "closed_at": stamp(i.closed),
		"author_association": s.association(i.repo, i.author), "active_lock_reason": nil, "body": orNull(i.body),
		"reactions": reactionsJSON(api), "timeline_url": api + "/timeline", "performed_via_github_app": nil,
		"state_reason": orNull(i.stateReason),
	}
	if i.pull != nil {
		html := s.issueHTML(i)
		out["draft"] = i.pull.draft
		out["pull_request"] = object{
			"url": s.pullAPI(i), "html_url": html, "diff_url": html + ".diff", "patch_url": html + ".patch",
			"merged_at": stamp(i.pull.merged),
		}
	}
	return out
}

func (s *Server) labelsJSON(i *issue) []object {
	return list(i.labels, func(l *label) object { return s.labelJSON(i.repo, l) })
}

func reactionsJSON(api string) object {
	return object{
		"url": api + "/reactions", "total_count": 0, "+1": 0, "-1": 0, "laugh": 0, "hooray": 0, "confused": 0,
		"heart": 0, "rocket": 0, "eyes": 0,
	}
}

func (s *Server) commentJSON(c *comment) object {
	api := fmt.Sprintf("%s/issues/comments/%d", s.api(c.issue.repo), c.id)
	return object{
		"url": api, "html_url": fmt.Sprintf("%s#issuecomment-%d", s.issueHTML(c.issue), c.id), "issue_url": s.issueAPI(c.issue),
		"id": c.id, "node_id": node("IC", c.id), "user": s.userJSON(c.author), "created_at": stamp(c.created),
		"updated_at": stamp(c.updated), "author_association": s.association(c.issue.repo, c.author), "body": c.body,
		"reactions": reactionsJSON(api), "performed_via_github_app": nil,
	}
}

// simplePullJSON is a pull in a list or in a review's webhook.
func (s *Server) simplePullJSON(i *issue) object {
	p, api, html := i.pull, s.pullAPI(i), s.issueHTML(i)
	statuses := s.api(i.repo) + "/statuses/" + p.headSHA
	link := func(href string) object { return object{"href": href} }
	mergeCommit := orNull(p.testMerge)
	if p.mergeCommit != "" {
		mergeCommit = p.mergeCommit
	}
	return object{
		"url": api, "id": i.id, "node_id": node("PR", i.id), "html_url": html, "diff_url": html + ".diff",
		"patch_url": html + ".patch", "issue_url": s.issueAPI(i), "number": i.number, "state": i.state, "locked": false,
		"title": i.title, "user": s.userJSON(i.author), "body": orNull(i.body), "created_at": stamp(i.created),
		"updated_at": stamp(i.updated), "closed_at": stamp(i.closed), "merged_at": stamp(p.merged),
		"merge_commit_sha": mergeCommit, "assignee": s.firstUser(i.assignees), "assignees": list(i.assignees, s.userJSON),
		"requested_reviewers": list(p.requested, s.userJSON), "requested_teams": []object{}, "labels": s.labelsJSON(i),
		"milestone": nil, "draft": p.draft, "commits_url": api + "/commits", "review_comments_url": api + "/comments",
		"review_comment_url": s.api(i.repo) + "/pulls/comments{/number}", "comments_url": s.issueAPI(i) + "/comments",
		"statuses_url": statuses, "head": s.branchJSON(p.headRepo, p.head, p.headSHA), "base": s.branchJSON(i.repo, p.base, p.baseSHA),
		"_links": object{
			"self": link(api), "html": link(html), "issue": link(s.issueAPI(i)), "comments": link(s.issueAPI(i) + "/comments"),
			"review_comments": link(api + "/comments"), "review_comment": link(s.api(i.repo) + "/pulls/comments{/number}"),
			"commits": link(api + "/commits"), "statuses": link(statuses),
		},
		"author_association": s.association(i.repo, i.author), "auto_merge": nil, "active_lock_reason": nil,
	}
}

func (s *Server) branchJSON(r *repo, ref, sha string) object {
	return object{
		"label": r.owner.login + ":" + ref, "ref": ref, "sha": sha, "user": s.userJSON(r.owner), "repo": s.repoJSON(r),
	}
}

// pullJSON is a pull as such. Its changes must be known already.
func (s *Server) pullJSON(i *issue) object {
	p := i.pull
	additions, deletions := 0, 0
	for _, f := range p.changes.files {
		additions += f.Additions
		deletions += f.Deletions
	}
	mergeable, state := any(nil), "unknown"
	if p.mergeable != nil && i.state == "open" {
		mergeable, state = *p.mergeable, "clean"
		if !*p.mergeable {
			state = "dirty"
		}
	}
	if p.draft && state == "clean" {
		state = "draft"
	}
	return with(s.simplePullJSON(i), object{
		"merged": !p.merged.IsZero(), "mergeable": mergeable, "rebaseable": mergeable, "mergeable_state": state,
		"merged_by": s.userOrNull(p.mergedBy), "comments": len(i.comments), "review_comments": len(p.reviewComments),
		"maintainer_can_modify": p.headRepo != i.repo, "commits": len(p.changes.commits), "additions": additions,
		"deletions": deletions, "changed_files": len(p.changes.files),
	})
}

// reviewJSON is a review; REST writes its state in capitals, webhooks do not.
func (s *Server) reviewJSON(i *issue, r *review) object {
	html := fmt.Sprintf("%s#pullrequestreview-%d", s.issueHTML(i), r.id)
	return object{
		"id": r.id, "node_id": node("PRR", r.id), "user": s.userJSON(r.author), "body": r.body, "commit_id": r.sha,
		"submitted_at": stamp(r.submitted), "state": r.state, "html_url": html, "pull_request_url": s.pullAPI(i),
		"author_association": s.association(i.repo, r.author),
		"_links":             object{"html": object{"href": html}, "pull_request": object{"href": s.pullAPI(i)}},
	}
}

func (s *Server) reviewCommentJSON(i *issue, c *reviewComment) object {
	api := fmt.Sprintf("%s/pulls/comments/%d", s.api(i.repo), c.id)
	html := fmt.Sprintf("%s#discussion_r%d", s.issueHTML(i), c.id)
	return object{
		"url": api, "id": c.id, "node_id": node("PRRC", c.id), "pull_request_review_id": c.review, "diff_hunk": "",
		"path": c.path, "commit_id": c.sha, "original_commit_id": c.sha, "user": s.userJSON(c.author), "body": c.body,
		"created_at": stamp(c.created), "updated_at": stamp(c.created), "html_url": html, "pull_request_url": s.pullAPI(i),
		"author_association": s.association(i.repo, c.author),
		"_links": object{
			"self": object{"href": api}, "html": object{"href": html}, "pull_request": object{"href": s.pullAPI(i)},
		},
		"reactions": reactionsJSON(api), "position": 1, "original_position": 1, "line": 1, "original_line": 1, "side": "RIGHT",
		"start_line": nil, "original_start_line": nil, "start_side": nil, "subject_type": "line",
	}
}
