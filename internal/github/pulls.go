// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"

	gogithub "github.com/google/go-github/v88/github"
)

// Pull returns the pull.
func (c *Client) Pull(ctx context.Context, pull Issue) (*Pull, error) {
	p, _, err := c.gh.PullRequests.Get(expected(ctx), pull.Org, pull.Repo, pull.Number)
	if err != nil {
		return nil, wrap(err, "reading pull %v", pull)
	}
	return toPull(pull.Repository(), p), nil
}

// OpenPulls returns the open pulls of the repository.
func (c *Client) OpenPulls(ctx context.Context, repo Repo) ([]Pull, error) {
	var all []Pull
	o := &gogithub.PullRequestListOptions{State: "open", ListOptions: gogithub.ListOptions{PerPage: perPage}}
	for p, err := range c.gh.PullRequests.ListIter(ctx, repo.Org, repo.Name, o) {
		if err != nil {
			return nil, wrap(err, "listing pulls of %v", repo)
		}
		all = append(all, *toPull(repo, p))
	}
	return all, nil
}

// PullCommits returns the commits of the pull, oldest first, 250 at most.
func (c *Client) PullCommits(ctx context.Context, pull Issue) ([]Commit, error) {
	var all []Commit
	o := &gogithub.ListOptions{PerPage: perPage}
	for commit, err := range c.gh.PullRequests.ListCommitsIter(expected(ctx), pull.Org, pull.Repo, pull.Number, o) {
		if err != nil {
			return nil, wrap(err, "reading commits of %v", pull)
		}
		all = append(all, toCommit(commit))
	}
	return all, nil
}

// NewPull is a pull to be opened.
type NewPull struct {
	Title, Body string
	Base        string // branch
	Head        string // "branch" or, of a fork, "login:branch"
	Draft       bool
}

// CreatePull opens a pull.
func (c *Client) CreatePull(ctx context.Context, repo Repo, pull NewPull) (*Pull, error) {
	p, _, err := c.gh.PullRequests.Create(ctx, repo.Org, repo.Name, &gogithub.NewPullRequest{
		Title: &pull.Title, Body: &pull.Body, Base: &pull.Base, Head: &pull.Head, Draft: &pull.Draft,
	})
	if err != nil {
		return nil, wrap(err, "opening a pull of %s in %v", pull.Head, repo)
	}
	return toPull(repo, p), nil
}

// Merge says how to merge a pull.
type Merge struct {
	SHA            string // what the head must be
	Method         string // "merge", "squash" or "rebase"
	Title, Message string // GitHub's own when empty
}

// MergePull merges the pull and returns the SHA of the new commit.
func (c *Client) MergePull(ctx context.Context, pull Issue, m Merge) (string, error) {
	result, _, err := c.gh.PullRequests.Merge(ctx, pull.Org, pull.Repo, pull.Number, m.Message,
		&gogithub.PullRequestOptions{SHA: m.SHA, MergeMethod: m.Method, CommitTitle: m.Title})
	if err != nil {
		return "", wrap(err, "merging %v", pull)
	}
	return result.GetSHA(), nil
}

func toPull(repo Repo, p *gogithub.PullRequest) *Pull {
	return &Pull{
		Org: repo.Org, Repo: repo.Name, Number: p.GetNumber(), Title: p.GetTitle(), Body: p.GetBody(),
		State: p.GetState(), HTMLURL: p.GetHTMLURL(), NodeID: p.GetNodeID(), Author: toUser(p.GetUser()),
		Draft: p.GetDraft(), Merged: p.GetMerged(), Mergeable: p.Mergeable, MergeCommitSHA: p.GetMergeCommitSHA(),
		Labels: toLabels(p.Labels), Base: toBranch(p.GetBase()), Head: toBranch(p.GetHead()),
		CreatedAt: p.GetCreatedAt().Time, UpdatedAt: p.GetUpdatedAt().Time,
	}
}

func toCommit(c *gogithub.RepositoryCommit) Commit {
	commit := Commit{
		SHA: c.GetSHA(), Message: c.GetCommit().GetMessage(), TreeSHA: c.GetCommit().GetTree().GetSHA(),
		Author: toUser(c.GetAuthor()), AuthorEmail: c.GetCommit().GetAuthor().GetEmail(), HTMLURL: c.GetHTMLURL(),
	}
	for _, parent := range c.Parents {
		commit.Parents = append(commit.Parents, parent.GetSHA())
	}
	return commit
}
