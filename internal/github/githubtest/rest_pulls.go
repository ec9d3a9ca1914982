// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/github/githubtest/bare"
)

// pullRoutes are the operations on pulls and their reviews.
func (s *Server) pullRoutes(route func(string, func(*call) (answer, error))) {
	route("GET /repos/{owner}/{repo}/pulls", s.listPulls)
	route("POST /repos/{owner}/{repo}/pulls", s.postPull)
	route("GET /repos/{owner}/{repo}/pulls/{number}", func(c *call) (answer, error) {
		i, err := c.pull()
		if err != nil {
			return answer{}, err
		}
		return s.wholePull(c, i)
	})
	route("PATCH /repos/{owner}/{repo}/pulls/{number}", s.patchPull)
	route("GET /repos/{owner}/{repo}/pulls/{number}/files", s.listFiles)
	route("GET /repos/{owner}/{repo}/pulls/{number}/commits", s.listCommits)
	route("PUT /repos/{owner}/{repo}/pulls/{number}/merge", s.putMerge)
	route("GET /repos/{owner}/{repo}/pulls/{number}/reviews", func(c *call) (answer, error) {
		i, err := c.pull()
		if err != nil {
			return answer{}, err
		}
		return ok(list(page(c, i.pull.reviews), func(r *review) object { return s.reviewJSON(i, r) }))
	})
	route("POST /repos/{owner}/{repo}/pulls/{number}/reviews", s.postReview)
	route("GET /repos/{owner}/{repo}/pulls/{number}/comments", func(c *call) (answer, error) {
		i, err := c.pull()
		if err != nil {
			return answer{}, err
		}
		return ok(list(page(c, i.pull.reviewComments), func(r *reviewComment) object { return s.reviewCommentJSON(i, r) }))
	})
	route("POST /repos/{owner}/{repo}/pulls/{number}/requested_reviewers", func(c *call) (answer, error) { return s.request(c, true) })
	route("DELETE /repos/{owner}/{repo}/pulls/{number}/requested_reviewers", func(c *call) (answer, error) { return s.request(c, false) })
}

// wholePull is the pull with what git must be asked for.
func (s *Server) wholePull(c *call, i *issue) (answer, error) {
	if err := s.refreshChanges(c.Context(), i); err != nil {
		return answer{}, err
	}
	if err := s.refreshMerge(c.Context(), i); err != nil {
		return answer{}, err
	}
	return ok(s.pullJSON(i))
}

func (s *Server) listPulls(c *call) (answer, error) {
	r, err := c.repo()
	if err != nil {
		return answer{}, err
	}
	query := c.URL.Query()
	state, head, base := firstOf(query.Get("state"), "open"), query.Get("head"), query.Get("base")
	all := slices.DeleteFunc(slices.Clone(r.issues), func(i *issue) bool {
		return i.pull == nil || state != "all" && i.state != state || base != "" && i.pull.base != base ||
			head != "" && i.pull.headRepo.owner.login+":"+i.pull.head != head
	})
	slices.Reverse(all) // newest first
	return ok(list(page(c, all), s.simplePullJSON))
}

func (s *Server) postPull(c *call) (answer, error) {
	r, err := c.repo()
	if err != nil {
		return answer{}, err
	}
	by, err := c.user()
	if err != nil {
		return answer{}, err
	}
	var in struct {
		Title, Body, Base, Head string
		Draft                   bool
	}
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	from := r
	if owner, branch, isFork := strings.Cut(in.Head, ":"); isFork {
		in.Head = branch
		if key(owner) != key(r.owner.login) {
			if from = s.repos[key(owner, r.name)]; from == nil || from.parent != r {
				return answer{}, invalidField("PullRequest", "head", "there is no such branch")
			}
		}
	}
	if !s.may(from, c.who, "push") {
		return answer{}, forbidden("Must have push access to the head repository")
	}
	i, err := s.openPull(c.Context(), by, newPull{
		repo: r, headRepo: from, base: in.Base, head: in.Head, title: in.Title, body: in.Body, draft: in.Draft,
	})
	if err != nil {
		return answer{}, err
	}
	return created(s.pullJSON(i))
}

func (s *Server) patchPull(c *call) (answer, error) {
	i, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	if err := s.patch(c, i); err != nil {
		return answer{}, err
	}
	return s.wholePull(c, i)
}

func (s *Server) listFiles(c *call) (answer, error) {
	i, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	if err := s.refreshChanges(c.Context(), i); err != nil {
		return answer{}, err
	}
	return ok(list(page(c, i.pull.changes.files), func(f bare.File) object { return s.fileJSON(i.repo, i.pull.headSHA, f) }))
}

func (s *Server) listCommits(c *call) (answer, error) {
	i, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	if err := s.refreshChanges(c.Context(), i); err != nil {
		return answer{}, err
	}
	return ok(list(page(c, i.pull.changes.commits), func(commit bare.Commit) object { return s.commitJSON(i.repo, commit) }))
}

func (s *Server) putMerge(c *call) (answer, error) {
	i, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	if _, err := c.repoFor("push"); err != nil {
		return answer{}, err
	}
	by, err := c.user()
	if err != nil {
		return answer{}, err
	}
	var in struct {
		SHA     string `json:"sha"`
		Method  string `json:"merge_method"`
		Title   string `json:"commit_title"`
		Message string `json:"commit_message"`
	}
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	sha, err := s.merge(c.Context(), by, i, mergeRequest{method: in.Method, sha: in.SHA, title: in.Title, message: in.Message})
	if err != nil {
		return answer{}, err
	}
	return ok(object{"sha": sha, "merged": true, "message": "Pull Request successfully merged"})
}

func (s *Server) postReview(c *call) (answer, error) {
	i, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	by, err := c.user()
	if err != nil {
		return answer{}, err
	}
	var in struct{ Event, Body string }
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	state, known := map[string]string{"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}[in.Event]
	if !known {
		return answer{}, invalidField("PullRequestReview", "event", "there is no such event")
	}
	made, err := s.review(c.Context(), by, i, state, in.Body)
	if err != nil {
		return answer{}, err
	}
	return ok(s.reviewJSON(i, made))
}

// request asks for reviews, or no longer does.
func (s *Server) request(c *call, add bool) (answer, error) {
	i, err := c.pull()
	if err != nil {
		return answer{}, err
	}
	if _, err := c.repoFor("triage"); err != nil {
		return answer{}, err
	}
	var in struct{ Reviewers []string }
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	for _, login := range in.Reviewers {
		u := s.users[key(login)]
		if add && (u == nil || !s.may(i.repo, identity{login: login}, "pull")) {
			return answer{}, &refusal{
				status: 422, message: "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the " + i.repo.fullName() + " repository.",
			}
		}
		i.pull.requested = slices.DeleteFunc(i.pull.requested, func(have *user) bool { return have == u })
		if add {
			i.pull.requested = append(i.pull.requested, u)
		}
	}
	if add {
		return created(s.simplePullJSON(i))
	}
	return ok(s.simplePullJSON(i))
}
