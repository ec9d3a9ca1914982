// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"fmt"
	"slices"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// Comment comments on the issue or pull as the login.
func (s *Server) Comment(as string, name github.Issue, body string) (github.Comment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.findIssue(name)
	if err != nil {
		return github.Comment{}, err
	}
	c, err := s.comment(s.account(as), i, body)
	if err != nil {
		return github.Comment{}, err
	}
	return s.publicComment(c), nil
}

func (s *Server) comment(by *user, i *issue, body string) (*comment, error) {
	if body == "" {
		return nil, missing("IssueComment", "body")
	}
	if len([]rune(body)) > 65536 {
		return nil, validation(object{
			"resource": "IssueComment", "code": "unprocessable", "field": "data",
			"message": "Body is too long (maximum is 65536 characters)",
		})
	}
	c := &comment{id: s.id(), issue: i, author: by, body: body, created: s.now(), updated: s.now()}
	i.comments = append(i.comments, c)
	i.updated = s.now()
	return c, s.emitComment("created", c, by, nil)
}

func (s *Server) emitComment(action string, c *comment, by *user, more object) error {
	payload := object{"action": action, "issue": s.issueJSON(c.issue), "comment": s.commentJSON(c)}
	return s.emit("issue_comment", c.issue.repo, by, with(payload, more))
}

// EditComment replaces the comment's text as the login.
func (s *Server) EditComment(as string, name github.Repo, id int64, body string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.findComment(name, id)
	if err != nil {
		return err
	}
	return s.editComment(s.account(as), c, body)
}

func (s *Server) editComment(by *user, c *comment, body string) error {
	before := c.body
	c.body, c.updated = body, s.now()
	return s.emitComment("edited", c, by, object{"changes": object{"body": object{"from": before}}})
}

// DeleteComment deletes the comment as the login.
func (s *Server) DeleteComment(as string, name github.Repo, id int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.findComment(name, id)
	if err != nil {
		return err
	}
	return s.deleteComment(s.account(as), c)
}

func (s *Server) deleteComment(by *user, c *comment) error {
	c.issue.comments = slices.DeleteFunc(c.issue.comments, func(other *comment) bool { return other == c })
	return s.emitComment("deleted", c, by, nil)
}

func (s *Server) findComment(name github.Repo, id int64) (*comment, error) {
	r, err := s.find(name)
	if err != nil {
		return nil, err
	}
	if c := r.comment(id); c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("there is no comment %d in %v", id, name)
}

func (r *repo) comment(id int64) *comment {
	for _, i := range r.issues {
		for _, c := range i.comments {
			if c.id == id {
				return c
			}
		}
	}
	return nil
}

func (s *Server) publicComment(c *comment) github.Comment {
	return github.Comment{
		ID: c.id, Body: c.body, HTMLURL: fmt.Sprintf("%s#issuecomment-%d", s.issueHTML(c.issue), c.id),
		Author: s.publicUser(c.author), CreatedAt: c.created, UpdatedAt: c.updated,
	}
}
