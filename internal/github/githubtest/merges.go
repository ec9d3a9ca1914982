// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest/bare"
)

// MergePull merges the pull as the login, by "merge", "squash" or "rebase", and
// returns the new commit.
func (s *Server) MergePull(ctx context.Context, as string, name github.Issue, method string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.findPull(name)
	if err != nil {
		return "", err
	}
	return s.merge(ctx, s.account(as), i, mergeRequest{method: method})
}

// mergeRequest says how to merge; empty fields leave it to GitHub.
type mergeRequest struct{ method, sha, title, message string }

func (s *Server) merge(ctx context.Context, by *user, i *issue, m mergeRequest) (string, error) {
	p := i.pull
	refuse := func(message string) (string, error) {
		return "", &refusal{status: http.StatusMethodNotAllowed, message: message}
	}
	switch {
	case i.state != "open":
		return refuse("Pull Request is not mergeable")
	case p.draft:
		return refuse("Pull Request is still a draft")
	case m.sha != "" && m.sha != p.headSHA:
		return "", &refusal{
			status: http.StatusConflict, message: "Head branch was modified. Review and try the merge again.",
		}
	}
	if err := s.refreshChanges(ctx, i); err != nil {
		return "", err
	}
	base := i.repo.refs["refs/heads/"+p.base]
	sha, err := s.mergeCommit(ctx, by, i, base, m)
	if errors.Is(err, bare.ErrConflict) {
		return refuse("Pull Request is not mergeable")
	}
	if err != nil {
		return "", err
	}
	err = i.repo.git.MoveRef(ctx, "refs/heads/"+p.base, base, sha)
	if errors.Is(err, bare.ErrMoved) { // by a push that we have not heard of yet
		return refuse("Base branch was modified. Review and try the merge again.")
	}
	if err != nil {
		return "", err
	}
	s.setMerged(i, by, sha)
	if err := s.moved(ctx, by, i.repo, "refs/heads/"+p.base, base, sha); err != nil {
		return "", err
	}
	return sha, s.emitIssue(ctx, "closed", i, by, nil)
}

// mergeCommit makes the commit that the base branch will point to.
func (s *Server) mergeCommit(ctx context.Context, by *user, i *issue, base string, m mergeRequest) (string, error) {
	p, git := i.pull, i.repo.git
	title := fmt.Sprintf("Merge pull request #%d from %s/%s", i.number, p.headRepo.owner.login, p.head)
	message := i.title
	if m.method == "squash" {
		title, message = fmt.Sprintf("%s (#%d)", i.title, i.number), ""
	}
	text := firstOf(m.title, title)
	if body := firstOf(m.message, message); body != "" {
		text += "\n\n" + body
	}
	switch m.method {
	case "", "merge":
		return git.Merge(ctx, base, p.headSHA, text, personOf(by), s.now())
	case "squash":
		return git.Squash(ctx, base, p.headSHA, text, personOf(i.author), s.now())
	case "rebase":
		return git.Rebase(ctx, base, p.headSHA, personOf(by), s.now())
	}
	return "", invalidField("PullRequest", "merge_method", "there is no such method")
}

func (s *Server) setMerged(i *issue, by *user, sha string) {
	i.state, i.closed, i.updated = "closed", s.now(), s.now()
	i.pull.merged, i.pull.mergedBy, i.pull.mergeCommit = s.now(), by, sha
}

// mayReopen says why a pull cannot be opened again.
func (s *Server) mayReopen(i *issue) error {
	p := i.pull
	switch {
	case !p.merged.IsZero():
		return custom("PullRequest", "A merged pull request cannot be reopened.")
	case p.headRepo.refs["refs/heads/"+p.head] == "":
		return custom("PullRequest", "The head branch has been deleted.")
	case i.repo.refs["refs/heads/"+p.base] == "":
		return custom("PullRequest", "The base branch has been deleted.")
	}
	return nil
}
