// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"
)

// issueRoutes are the operations on issues, their labels, comments and assignees.
func (s *Server) issueRoutes(route func(string, func(*call) (answer, error))) {
	route("POST /repos/{owner}/{repo}/issues", s.postIssue)
	route("GET /repos/{owner}/{repo}/issues/{number}", func(c *call) (answer, error) {
		i, err := c.issue()
		if err != nil {
			return answer{}, err
		}
		return ok(s.issueJSON(i))
	})
	route("PATCH /repos/{owner}/{repo}/issues/{number}", s.patchIssue)
	route("GET /repos/{owner}/{repo}/issues/{number}/comments", s.listComments)
	route("POST /repos/{owner}/{repo}/issues/{number}/comments", s.postComment)
	route("GET /repos/{owner}/{repo}/issues/comments/{id}", func(c *call) (answer, error) {
		found, err := c.comment()
		if err != nil {
			return answer{}, err
		}
		return ok(s.commentJSON(found))
	})
	route("PATCH /repos/{owner}/{repo}/issues/comments/{id}", s.patchComment)
	route("DELETE /repos/{owner}/{repo}/issues/comments/{id}", s.deleteCommentCall)
	route("GET /repos/{owner}/{repo}/issues/{number}/labels", func(c *call) (answer, error) {
		i, err := c.issue()
		if err != nil {
			return answer{}, err
		}
		return ok(page(c, s.labelsJSON(i)))
	})
	route("POST /repos/{owner}/{repo}/issues/{number}/labels", s.postLabels)
	route("DELETE /repos/{owner}/{repo}/issues/{number}/labels/{name...}", s.deleteLabel)
	route("POST /repos/{owner}/{repo}/issues/{number}/assignees", func(c *call) (answer, error) { return s.assign(c, true) })
	route("DELETE /repos/{owner}/{repo}/issues/{number}/assignees", func(c *call) (answer, error) { return s.assign(c, false) })
	route("GET /repos/{owner}/{repo}/labels", func(c *call) (answer, error) {
		r, err := c.repo()
		if err != nil {
			return answer{}, err
		}
		return ok(list(page(c, r.labels), func(l *label) object { return s.labelJSON(r, l) }))
	})
	route("POST /repos/{owner}/{repo}/labels", s.postRepoLabel)
}

func (s *Server) postIssue(c *call) (answer, error) {
	r, err := c.repo()
	if err != nil {
		return answer{}, err
	}
	by, err := c.user()
	if err != nil {
		return answer{}, err
	}
	var in struct{ Title, Body string }
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	i, err := s.openIssue(c.Context(), by, r, in.Title, in.Body)
	if err != nil {
		return answer{}, err
	}
	return created(s.issueJSON(i))
}

// mayEdit reports whether the caller may change the issue: its author may, and
// who may triage.
func (c *call) mayEdit(i *issue) (*user, error) {
	by, err := c.user()
	if err != nil {
		return nil, err
	}
	if by != i.author && !c.s.may(i.repo, c.who, "triage") {
		return nil, forbidden("Must have admin rights to Repository.")
	}
	return by, nil
}

func (s *Server) patchIssue(c *call) (answer, error) {
	i, err := c.issue()
	if err != nil {
		return answer{}, err
	}
	if err := s.patch(c, i); err != nil {
		return answer{}, err
	}
	return ok(s.issueJSON(i))
}

// patch changes what issues and pulls have in common.
func (s *Server) patch(c *call, i *issue) error {
	by, err := c.mayEdit(i)
	if err != nil {
		return err
	}
	var in struct {
		Title, Body, State *string
		StateReason        string `json:"state_reason"`
	}
	if err := c.decode(&in); err != nil {
		return err
	}
	if err := s.editIssue(c.Context(), by, i, Edit{Title: in.Title, Body: in.Body}); err != nil {
		return err
	}
	if in.State == nil {
		return nil
	}
	return s.setState(c.Context(), by, i, *in.State, in.StateReason)
}

func (s *Server) listComments(c *call) (answer, error) {
	i, err := c.issue()
	if err != nil {
		return answer{}, err
	}
	all := i.comments
	if since := c.URL.Query().Get("since"); since != "" {
		t, err := time.Parse(time.RFC3339, since)
		if err != nil {
			return answer{}, invalidField("IssueComment", "since", "since is not a time")
		}
		all = slices.DeleteFunc(slices.Clone(all), func(c *comment) bool { return c.updated.Before(t.Truncate(time.Second)) })
	}
	return ok(list(page(c, all), s.commentJSON))
}

func (s *Server) postComment(c *call) (answer, error) {
	i, err := c.issue()
	if err != nil {
		return answer{}, err
	}
	by, err := c.user()
	if err != nil {
		return answer{}, err
	}
	var in struct{ Body string }
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	made, err := s.comment(by, i, in.Body)
	if err != nil {
		return answer{}, err
	}
	return created(s.commentJSON(made))
}

// comment returns the comment of the path.
func (c *call) comment() (*comment, error) {
	r, err := c.repo()
	if err != nil {
		return nil, err
	}
	if found := r.comment(int64(intOr(c.PathValue("id"), 0))); found != nil {
		return found, nil
	}
	return nil, notFound()
}

// ownComment returns the comment of the path if the caller may change it.
func (c *call) ownComment() (*comment, *user, error) {
	found, err := c.comment()
	if err != nil {
		return nil, nil, err
	}
	by, err := c.user()
	if err != nil {
		return nil, nil, err
	}
	if found.author != by && !c.s.may(found.issue.repo, c.who, "push") {
		return nil, nil, forbidden("Must have admin rights to Repository.")
	}
	return found, by, nil
}

func (s *Server) patchComment(c *call) (answer, error) {
	found, by, err := c.ownComment()
	if err != nil {
		return answer{}, err
	}
	var in struct{ Body string }
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	if in.Body == "" {
		return answer{}, missing("IssueComment", "body")
	}
	if err := s.editComment(by, found, in.Body); err != nil {
		return answer{}, err
	}
	return ok(s.commentJSON(found))
}

func (s *Server) deleteCommentCall(c *call) (answer, error) {
	found, by, err := c.ownComment()
	if err != nil {
		return answer{}, err
	}
	if err := s.deleteComment(by, found); err != nil {
		return answer{}, err
	}
	return noContent()
}

func (s *Server) postLabels(c *call) (answer, error) {
	i, err := c.issue()
	if err != nil {
		return answer{}, err
	}
	if _, err := c.repoFor("triage"); err != nil {
		return answer{}, err
	}
	by, err := c.user()
	if err != nil {
		return answer{}, err
	}
	var in struct{ Labels []string }
	if bytes.HasPrefix(bytes.TrimSpace(c.body), []byte("[")) { // the short form
		err = json.Unmarshal(c.body, &in.Labels)
	} else {
		err = json.Unmarshal(c.body, &in)
	}
	if err != nil {
		return answer{}, badRequest("Problems parsing JSON")
	}
	for _, name := range in.Labels {
		if name == "" || len([]rune(name)) > 50 {
			return answer{}, invalidField("Label", "name", "name is too long (maximum is 50 characters)")
		}
	}
	if err := s.addLabels(c.Context(), by, i, in.Labels...); err != nil {
		return answer{}, err
	}
	return ok(s.labelsJSON(i))
}

func (s *Server) deleteLabel(c *call) (answer, error) {
	i, err := c.issue()
	if err != nil {
		return answer{}, err
	}
	if _, err := c.repoFor("triage"); err != nil {
		return answer{}, err
	}
	by, err := c.user()
	if err != nil {
		return answer{}, err
	}
	if err := s.removeLabel(c.Context(), by, i, c.PathValue("name")); err != nil {
		return answer{}, err
	}
	return ok(s.labelsJSON(i))
}

func (s *Server) assign(c *call, add bool) (answer, error) {
	i, err := c.issue()
	if err != nil {
		return answer{}, err
	}
	if _, err := c.repoFor("triage"); err != nil {
		return answer{}, err
	}
	var in struct{ Assignees []string }
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	s.setAssignees(i, in.Assignees, add)
	if add {
		return created(s.issueJSON(i))
	}
	return ok(s.issueJSON(i))
}

func (s *Server) postRepoLabel(c *call) (answer, error) {
	r, err := c.repoFor("push")
	if err != nil {
		return answer{}, err
	}
	var in struct{ Name, Color, Description string }
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	switch {
	case in.Name == "":
		return answer{}, missing("Label", "name")
	case r.label(in.Name) != nil:
		return answer{}, validation(object{"resource": "Label", "code": "already_exists", "field": "name"})
	}
	return created(s.labelJSON(r, s.newLabel(r, in.Name, firstOf(in.Color, "ededed"), in.Description)))
}
