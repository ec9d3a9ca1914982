// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"slices"

	githubapi "github.com/cutwater-ci/cutwater/internal/github"
)

// recorder is one pull on GitHub that remembers what was done to it.
type recorder struct {
	bot      string
	nextID   int64
	comments []githubapi.Comment
	calls    []call
	// refuse, when set, is asked before each call.
	refuse func(call) error
}

// call is a request that changes something.
type call struct {
	Op     string  `json:"op"`
	Org    string  `json:"org"`
	Repo   string  `json:"repo"`
	Number int     `json:"number,omitempty"`
	ID     int64   `json:"id,omitempty"`
	Body   string  `json:"body,omitempty"`
	SHA    string  `json:"sha,omitempty"`
	Status *status `json:"status,omitempty"`
}

type status struct {
	Context     string `json:"context"`
	Description string `json:"description"`
	State       string `json:"state"`
	TargetURL   string `json:"target_url"`
}

func (r *recorder) take(c call) error {
	if r.refuse != nil {
		if err := r.refuse(c); err != nil {
			return err
		}
	}
	r.calls = append(r.calls, c)
	return nil
}

func (r *recorder) CreateStatus(_ context.Context, repo githubapi.Repo, sha string, s githubapi.Status) error {
	return r.take(call{Op: "create_status", Org: repo.Org, Repo: repo.Name, SHA: sha, Status: &status{s.Context, s.Description, s.State, s.TargetURL}})
}

func (r *recorder) BotUser(context.Context) (githubapi.User, error) {
	return githubapi.User{Login: r.bot}, nil
}

func (r *recorder) Comments(context.Context, githubapi.Issue) ([]githubapi.Comment, error) {
	return slices.Clone(r.comments), nil
}

func (r *recorder) CreateComment(_ context.Context, issue githubapi.Issue, body string) (githubapi.Comment, error) {
	if err := r.take(call{Op: "create_comment", Org: issue.Org, Repo: issue.Repo, Number: issue.Number, Body: body}); err != nil {
		return githubapi.Comment{}, err
	}
	comment := githubapi.Comment{ID: r.nextID, Body: body, Author: githubapi.User{Login: r.bot}}
	r.nextID++
	r.comments = append(r.comments, comment)
	return comment, nil
}

func (r *recorder) EditComment(_ context.Context, repo githubapi.Repo, id int64, body string) error {
	if err := r.take(call{Op: "edit_comment", Org: repo.Org, Repo: repo.Name, ID: id, Body: body}); err != nil {
		return err
	}
	for i := range r.comments {
		if r.comments[i].ID == id {
			r.comments[i].Body = body
		}
	}
	return nil
}

func (r *recorder) DeleteComment(_ context.Context, repo githubapi.Repo, id int64) error {
	if err := r.take(call{Op: "delete_comment", Org: repo.Org, Repo: repo.Name, ID: id}); err != nil {
		return err
	}
	r.comments = slices.DeleteFunc(r.comments, func(c githubapi.Comment) bool { return c.ID == id })
	return nil
}
