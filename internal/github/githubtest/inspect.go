// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"context"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// Comments returns the comments of the issue or pull, oldest first.
func (s *Server) Comments(name github.Issue) []github.Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.findIssue(name)
	if err != nil {
		return nil
	}
	var out []github.Comment
	for _, c := range i.comments {
		out = append(out, s.publicComment(c))
	}
	return out
}

// Labels returns the labels of the issue or pull, in the order they were set.
func (s *Server) Labels(name github.Issue) github.Labels {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.findIssue(name)
	if err != nil {
		return nil
	}
	return i.labelNames()
}

func (i *issue) labelNames() github.Labels {
	var out github.Labels
	for _, l := range i.labels {
		out = append(out, l.name)
	}
	return out
}

// Pull returns the pull as it is now.
func (s *Server) Pull(ctx context.Context, name github.Issue) (*github.Pull, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.findPull(name)
	if err != nil {
		return nil, err
	}
	if err := s.refreshMerge(ctx, i); err != nil {
		return nil, err
	}
	p := i.pull
	return &github.Pull{
		Org: name.Org, Repo: name.Repo, Number: name.Number, Title: i.title, Body: i.body, State: i.state,
		HTMLURL: s.issueHTML(i), NodeID: node("PR", i.id), Author: s.publicUser(i.author), Draft: p.draft,
		Merged: !p.merged.IsZero(), Mergeable: p.mergeable, MergeCommitSHA: firstOf(p.mergeCommit, p.testMerge),
		Labels: i.labelNames(), Base: s.publicBranch(i.repo, p.base, p.baseSHA), Head: s.publicBranch(p.headRepo, p.head, p.headSHA),
		CreatedAt: i.created, UpdatedAt: i.updated,
	}, nil
}

func (s *Server) publicBranch(r *repo, ref, sha string) github.Branch {
	return github.Branch{Ref: ref, SHA: sha, Repo: github.Repo{Org: r.owner.login, Name: r.name}, RepoHTMLURL: s.html(r)}
}

// Repos returns the names of all repositories, forks included.
func (s *Server) Repos() []github.Repo {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []github.Repo
	for _, r := range s.repos {
		out = append(out, github.Repo{Org: r.owner.login, Name: r.name})
	}
	return out
}
