// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"context"
	"slices"
	"time"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// OpenIssue opens an issue as the login.
func (s *Server) OpenIssue(ctx context.Context, as string, name github.Repo, title, body string) (github.Issue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(name)
	if err != nil {
		return github.Issue{}, err
	}
	i, err := s.openIssue(ctx, s.account(as), r, title, body)
	if err != nil {
		return github.Issue{}, err
	}
	return i.name(), nil
}

func (s *Server) openIssue(ctx context.Context, by *user, r *repo, title, body string) (*issue, error) {
	if title == "" {
		return nil, missing("Issue", "title")
	}
	i := s.newIssue(by, r, title, body)
	return i, s.emitIssue(ctx, "opened", i, by, nil)
}

// newIssue makes the row that issues and pulls share.
func (s *Server) newIssue(by *user, r *repo, title, body string) *issue {
	i := &issue{
		id: s.id(), repo: r, number: len(r.issues) + 1, title: title, body: body, state: "open", author: by,
		created: s.now(), updated: s.now(),
	}
	r.issues = append(r.issues, i)
	return i
}

// emitIssue tells what became of an issue, or of a pull.
func (s *Server) emitIssue(ctx context.Context, action string, i *issue, by *user, more object) error {
	if i.pull == nil {
		return s.emit("issues", i.repo, by, with(object{"action": action, "issue": s.issueJSON(i)}, more))
	}
	if err := s.refreshChanges(ctx, i); err != nil {
		return err
	}
	payload := object{"action": action, "number": i.number, "pull_request": s.pullJSON(i)}
	return s.emit("pull_request", i.repo, by, with(payload, more))
}

// AddLabel sets a label as the login; the repository gets it if it has it not.
func (s *Server) AddLabel(ctx context.Context, as string, name github.Issue, label string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.findIssue(name)
	if err != nil {
		return err
	}
	return s.addLabels(ctx, s.account(as), i, label)
}

func (s *Server) addLabels(ctx context.Context, by *user, i *issue, names ...string) error {
	for _, name := range names {
		l := i.repo.label(name)
		if l == nil {
			l = s.newLabel(i.repo, name, "ededed", "")
		}
		if slices.Contains(i.labels, l) {
			continue
		}
		i.labels = append(i.labels, l)
		i.updated = s.now()
		if err := s.emitIssue(ctx, "labeled", i, by, object{"label": s.labelJSON(i.repo, l)}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) newLabel(r *repo, name, color, description string) *label {
	l := &label{id: s.id(), name: name, color: color, description: description}
	r.labels = append(r.labels, l)
	return l
}

// RemoveLabel takes a label away as the login.
func (s *Server) RemoveLabel(ctx context.Context, as string, name github.Issue, label string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.findIssue(name)
	if err != nil {
		return err
	}
	return s.removeLabel(ctx, s.account(as), i, label)
}

func (s *Server) removeLabel(ctx context.Context, by *user, i *issue, name string) error {
	at := slices.IndexFunc(i.labels, func(l *label) bool { return key(l.name) == key(name) })
	if at < 0 {
		return &refusal{status: 404, message: "Label does not exist"}
	}
	l := i.labels[at]
	i.labels = slices.Delete(i.labels, at, at+1)
	i.updated = s.now()
	return s.emitIssue(ctx, "unlabeled", i, by, object{"label": s.labelJSON(i.repo, l)})
}

// AddRepoLabel gives the repository a label.
func (s *Server) AddRepoLabel(name github.Repo, label string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(name)
	if err != nil {
		return err
	}
	if r.label(label) == nil {
		s.newLabel(r, label, "ededed", "")
	}
	return nil
}

// Edit is a change of an issue's or pull's own text; nil fields stay.
type Edit struct{ Title, Body *string }

// EditIssue changes the title or body as the login.
func (s *Server) EditIssue(ctx context.Context, as string, name github.Issue, e Edit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.findIssue(name)
	if err != nil {
		return err
	}
	return s.editIssue(ctx, s.account(as), i, e)
}

func (s *Server) editIssue(ctx context.Context, by *user, i *issue, e Edit) error {
	changes := object{}
	if e.Title != nil && *e.Title != i.title {
		changes["title"] = object{"from": i.title}
		i.title = *e.Title
	}
	if e.Body != nil && *e.Body != i.body {
		changes["body"] = object{"from": i.body}
		i.body = *e.Body
	}
	if len(changes) == 0 {
		return nil
	}
	i.updated = s.now()
	return s.emitIssue(ctx, "edited", i, by, object{"changes": changes})
}

// CloseIssue closes the issue or pull as the login.
func (s *Server) CloseIssue(ctx context.Context, as string, name github.Issue) error {
	return s.changeState(ctx, as, name, "closed")
}

// ReopenIssue opens the issue or pull again as the login.
func (s *Server) ReopenIssue(ctx context.Context, as string, name github.Issue) error {
	return s.changeState(ctx, as, name, "open")
}

func (s *Server) changeState(ctx context.Context, as string, name github.Issue, state string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.findIssue(name)
	if err != nil {
		return err
	}
	return s.setState(ctx, s.account(as), i, state, "")
}

func (s *Server) setState(ctx context.Context, by *user, i *issue, state, reason string) error {
	if state == i.state {
		return nil
	}
	if state != "open" && state != "closed" {
		return invalidField("Issue", "state", "state is not open or closed")
	}
	if i.pull != nil && state == "open" {
		if err := s.mayReopen(i); err != nil {
			return err
		}
	}
	i.state, i.updated = state, s.now()
	action := "closed"
	i.closed, i.stateReason = s.now(), firstOf(reason, "completed")
	if state == "open" {
		action = "reopened"
		i.closed, i.stateReason = time.Time{}, "reopened"
	}
	if i.pull != nil {
		i.stateReason = ""
	}
	return s.emitIssue(ctx, action, i, by, nil)
}

// setAssignees adds or removes those who can be assigned; GitHub ignores others.
func (s *Server) setAssignees(i *issue, logins []string, add bool) {
	for _, login := range logins {
		u := s.users[key(login)]
		if u == nil || !s.may(i.repo, identity{login: login}, "pull") && u != i.author {
			continue
		}
		at := slices.Index(i.assignees, u)
		switch {
		case add && at < 0:
			i.assignees = append(i.assignees, u)
		case !add && at >= 0:
			i.assignees = slices.Delete(i.assignees, at, at+1)
		}
	}
	i.updated = s.now()
}
