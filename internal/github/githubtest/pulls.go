// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest/bare"
)

// PullOptions say what to open.
type PullOptions struct {
	As          string
	Title, Body string
	Base        string // the default branch when empty
	Branch      string // "pull-<number>" when empty; made of Commit unless that is zero
	Draft       bool
	// Commit is the pull's first commit. Without files or removals the branch must
	// exist.
	Commit Commit
}

// OpenPull opens a pull, from the author's fork unless the author may push to
// the repository itself.
func (s *Server) OpenPull(ctx context.Context, name github.Repo, o PullOptions) (github.Issue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(name)
	if err != nil {
		return github.Issue{}, err
	}
	by := s.account(o.As)
	head := r
	if !s.may(r, identity{login: by.login}, "push") {
		if head, err = s.fork(ctx, by, r); err != nil {
			return github.Issue{}, err
		}
	}
	base := firstOf(o.Base, r.defaultBranch)
	o.Branch = firstOf(o.Branch, fmt.Sprintf("pull-%d", len(r.issues)+1))
	if len(o.Commit.Files)+len(o.Commit.Remove) > 0 {
		if err := s.commitHead(ctx, by, r, head, base, o); err != nil {
			return github.Issue{}, err
		}
	}
	i, err := s.openPull(ctx, by, newPull{repo: r, headRepo: head, base: base, head: o.Branch, title: o.Title, body: o.Body, draft: o.Draft})
	if err != nil {
		return github.Issue{}, err
	}
	return i.name(), nil
}

// commitHead makes the pull's branch, beginning at its base.
func (s *Server) commitHead(ctx context.Context, by *user, r, head *repo, base string, o PullOptions) error {
	start := r.refs["refs/heads/"+base]
	if head != r { // the fork may lag behind
		if err := head.git.Fetch(ctx, r.git.Dir, start); err != nil {
			return err
		}
	}
	before := head.refs["refs/heads/"+o.Branch]
	sha, err := s.commit(ctx, by, head, o.Branch, firstOf(before, start), o.Commit)
	if err != nil {
		return err
	}
	return s.moved(ctx, by, head, "refs/heads/"+o.Branch, before, sha)
}

type newPull struct {
	repo, headRepo          *repo
	base, head, title, body string
	draft                   bool
}

func (s *Server) openPull(ctx context.Context, by *user, n newPull) (*issue, error) {
	baseSHA, headSHA := n.repo.refs["refs/heads/"+n.base], n.headRepo.refs["refs/heads/"+n.head]
	switch {
	case baseSHA == "":
		return nil, invalidField("PullRequest", "base", "there is no such branch")
	case headSHA == "":
		return nil, invalidField("PullRequest", "head", "there is no such branch")
	case n.title == "":
		return nil, missing("PullRequest", "title")
	}
	same := n.repo.openPulls(func(p *pull) bool { return p.headRepo == n.headRepo && p.head == n.head && p.base == n.base })
	if len(same) > 0 {
		return nil, custom("PullRequest", fmt.Sprintf("A pull request already exists for %s:%s.", n.headRepo.owner.login, n.head))
	}
	if n.repo.git.IsAncestor(ctx, headSHA, baseSHA) {
		return nil, custom("PullRequest", fmt.Sprintf("No commits between %s and %s", n.base, n.head))
	}
	i := s.newIssue(by, n.repo, n.title, n.body)
	i.pull = &pull{id: i.id, draft: n.draft, base: n.base, headRepo: n.headRepo, head: n.head}
	if err := s.setHead(ctx, i, headSHA); err != nil {
		return nil, err
	}
	return i, s.emitIssue(ctx, "opened", i, by, nil)
}

// setHead moves the pull's head, and with it refs/pull/N/head.
func (s *Server) setHead(ctx context.Context, i *issue, sha string) error {
	p := i.pull
	if p.headRepo != i.repo {
		if err := i.repo.git.Fetch(ctx, p.headRepo.git.Dir, sha); err != nil {
			return err
		}
	}
	p.headSHA, p.baseSHA = sha, i.repo.refs["refs/heads/"+p.base]
	i.repo.known[sha] = true
	return i.repo.git.SetRef(ctx, fmt.Sprintf("refs/pull/%d/head", i.number), sha)
}

// PushPull commits to the pull's branch as the login, and returns the SHA.
func (s *Server) PushPull(ctx context.Context, as string, name github.Issue, c Commit) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.findPull(name)
	if err != nil {
		return "", err
	}
	c.Branch = i.pull.head
	return s.push(ctx, s.account(as), i.pull.headRepo, c)
}

// refreshChanges computes what an open pull changes, if that is not known.
func (s *Server) refreshChanges(ctx context.Context, i *issue) error {
	p := i.pull
	base := firstOf(i.repo.refs["refs/heads/"+p.base], p.baseSHA)
	known := p.changes.base == base && p.changes.head == p.headSHA
	if known || i.state == "closed" && p.changes.head != "" {
		return nil
	}
	start, err := i.repo.git.MergeBase(ctx, base, p.headSHA)
	if err != nil {
		return err
	}
	files, err := i.repo.git.Diff(ctx, start, p.headSHA)
	if err != nil {
		return err
	}
	commits, err := i.repo.git.Log(ctx, start, p.headSHA)
	if err != nil {
		return err
	}
	p.changes = changes{base: base, head: p.headSHA, files: files, commits: commits}
	return nil
}

// refreshMerge tries to merge an open pull, if that is not known, and keeps
// refs/pull/N/merge up to date.
func (s *Server) refreshMerge(ctx context.Context, i *issue) error {
	p := i.pull
	base := i.repo.refs["refs/heads/"+p.base]
	if i.state != "open" || base == "" || p.testBase == base && p.testOf == p.headSHA {
		return nil
	}
	ref := fmt.Sprintf("refs/pull/%d/merge", i.number)
	message := fmt.Sprintf("Merge %s into %s", p.headSHA, base)
	sha, err := i.repo.git.Merge(ctx, base, p.headSHA, message, personOf(i.author), s.now())
	mergeable := err == nil
	if err != nil && !errors.Is(err, bare.ErrConflict) {
		return err
	}
	if mergeable || p.testMerge != "" {
		if err := i.repo.git.SetRef(ctx, ref, sha); err != nil {
			return err
		}
	}
	p.mergeable, p.testMerge, p.testBase, p.testOf = &mergeable, sha, base, p.headSHA
	return nil
}

// SetDraft makes the pull a draft, or ready for review, as the login.
func (s *Server) SetDraft(ctx context.Context, as string, name github.Issue, draft bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.findPull(name)
	if err != nil || i.pull.draft == draft {
		return err
	}
	i.pull.draft, i.updated = draft, s.now()
	action := "ready_for_review"
	if draft {
		action = "converted_to_draft"
	}
	return s.emitIssue(ctx, action, i, s.account(as), nil)
}

// Review reviews the pull as the login; the state is "APPROVED",
// "CHANGES_REQUESTED" or "COMMENTED".
func (s *Server) Review(ctx context.Context, as string, name github.Issue, state, body string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.findPull(name)
	if err != nil {
		return err
	}
	_, err = s.review(ctx, s.account(as), i, state, body)
	return err
}

func (s *Server) review(_ context.Context, by *user, i *issue, state, body string) (*review, error) {
	if !slices.Contains([]string{"APPROVED", "CHANGES_REQUESTED", "COMMENTED"}, state) {
		return nil, invalidField("PullRequestReview", "state", "there is no such state")
	}
	if by == i.author && state != "COMMENTED" {
		return nil, &refusal{status: 422, message: "Unprocessable Entity", errors: []object{{"message": "Can not review your own pull request"}}}
	}
	r := &review{id: s.id(), author: by, body: body, state: state, sha: i.pull.headSHA, submitted: s.now()}
	return r, s.submit(i, r)
}

// submit adds a review to its pull.
func (s *Server) submit(i *issue, r *review) error {
	i.pull.reviews = append(i.pull.reviews, r)
	i.updated = s.now()
	told := with(s.reviewJSON(i, r), object{"state": key(r.state), "body": orNull(r.body)})
	return s.emit("pull_request_review", i.repo, r.author, object{
		"action": "submitted", "review": told, "pull_request": s.simplePullJSON(i),
	})
}

// ReviewComment comments on the first line of a file of the pull as the login; that
// is a review of its own.
func (s *Server) ReviewComment(as string, name github.Issue, path, body string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.findPull(name)
	if err != nil {
		return err
	}
	r := &review{id: s.id(), author: s.account(as), state: "COMMENTED", sha: i.pull.headSHA, submitted: s.now()}
	if err := s.submit(i, r); err != nil {
		return err
	}
	c := &reviewComment{id: s.id(), review: r.id, author: r.author, body: body, path: path, sha: r.sha, created: s.now()}
	i.pull.reviewComments = append(i.pull.reviewComments, c)
	return s.emit("pull_request_review_comment", i.repo, c.author, object{
		"action": "created", "comment": s.reviewCommentJSON(i, c), "pull_request": s.simplePullJSON(i),
	})
}
