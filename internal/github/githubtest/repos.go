// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest/bare"
)

// RepoOptions say what a new repository holds.
type RepoOptions struct {
	DefaultBranch string // "main" when empty; that of Dir when it is a git repository
	Private       bool
	// Files are the content of the first commit, by path.
	Files map[string]string
	// Dir is a git repository whose branches and tags are copied, or any other
	// folder that becomes the first commit.
	Dir string
}

// CreateRepo makes a repository. Its owner is made an organization unless there
// is an account of that name.
func (s *Server) CreateRepo(ctx context.Context, name github.Repo, o RepoOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.repos[key(name.Org, name.Name)] != nil {
		return fmt.Errorf("there is a repository %v already", name)
	}
	if !validName(name.Org) || !validName(name.Name) {
		return fmt.Errorf("%v is no name for a repository", name)
	}
	if s.users[key(name.Org)] == nil {
		s.organization(name.Org)
	}
	if o.Dir != "" { // git works in another folder, where a relative name means something else
		var err error
		if o.Dir, err = filepath.Abs(o.Dir); err != nil {
			return err
		}
	}
	branch := firstOf(o.DefaultBranch, bare.HeadBranch(ctx, o.Dir), "main")
	git, err := bare.Init(ctx, s.dirOf(name), branch)
	if err != nil {
		return err
	}
	r := s.newRepo(s.account(name.Org), name.Name, git)
	r.private, r.defaultBranch = o.Private, branch
	if err := s.fill(ctx, r, o); err != nil {
		return fmt.Errorf("filling %v: %w", name, err)
	}
	s.repos[key(name.Org, name.Name)] = r
	return nil
}

// fill gives a new repository its first commits.
func (s *Server) fill(ctx context.Context, r *repo, o RepoOptions) error {
	files := maps.Clone(o.Files)
	switch {
	case o.Dir != "" && bare.HeadBranch(ctx, o.Dir) != "":
		if err := r.git.Fetch(ctx, o.Dir, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"); err != nil {
			return err
		}
	case o.Dir != "":
		found, err := bare.Files(o.Dir)
		if err != nil {
			return err
		}
		maps.Copy(found, files)
		files = found
	}
	if err := s.readRefs(ctx, r); err != nil {
		return err
	}
	ref := "refs/heads/" + r.defaultBranch
	if len(files) == 0 && r.refs[ref] != "" {
		return nil
	}
	_, err := r.git.Commit(ctx, bare.Change{
		Ref: ref, Parent: r.refs[ref], Author: personOf(r.owner), Message: "Initial commit", At: s.now(), Files: files,
	})
	if err != nil {
		return err
	}
	return s.readRefs(ctx, r)
}

func (s *Server) newRepo(owner *user, name string, git *bare.Repo) *repo {
	return &repo{
		id: s.id(), owner: owner, name: name, git: git, permissions: map[string]string{}, known: map[string]bool{},
		commits: map[string]bare.Commit{}, statuses: map[string][]*status{}, created: s.now(), pushed: s.now(),
	}
}

// validName keeps names from leaving the folder of repositories.
func validName(name string) bool {
	return name != "" && name[0] != '.' && name[0] != '-' && !strings.ContainsFunc(name, func(c rune) bool {
		return alphanumeric(c) < 0 && !strings.ContainsRune("-_.[]", c)
	})
}

func (s *Server) dirOf(name github.Repo) string {
	dir := filepath.Join(s.o.Dir, key(name.Org), key(name.Name)+".git")
	if absolute, err := filepath.Abs(dir); err == nil {
		return absolute
	}
	return dir
}

// fork returns the owner's fork of r, new if need be.
func (s *Server) fork(ctx context.Context, owner *user, r *repo) (*repo, error) {
	if fork := s.repos[key(owner.login, r.name)]; fork != nil {
		if fork.parent != r {
			return nil, fmt.Errorf("%s is no fork of %s", fork.fullName(), r.fullName())
		}
		return fork, nil
	}
	dir := s.dirOf(github.Repo{Org: owner.login, Name: r.name})
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, fmt.Errorf("making a fork: %w", err)
	}
	git, err := r.git.Fork(ctx, dir, r.defaultBranch)
	if err != nil {
		return nil, err
	}
	fork := s.newRepo(owner, r.name, git)
	fork.parent, fork.defaultBranch, fork.private = r, r.defaultBranch, r.private
	s.repos[key(owner.login, r.name)] = fork
	return fork, s.readRefs(ctx, fork)
}

// readRefs learns where branches and tags point.
func (s *Server) readRefs(ctx context.Context, r *repo) error {
	heads, err := r.git.Refs(ctx, "refs/heads/")
	if err != nil {
		return err
	}
	tags, err := r.git.Refs(ctx, "refs/tags/")
	if err != nil {
		return err
	}
	maps.Copy(heads, tags)
	r.refs = heads
	return nil
}

// Commit is a change to be pushed to a branch.
type Commit struct {
	Branch  string // the default branch when empty
	Message string
	Files   map[string]string // new content by path
	Remove  []string
	Force   bool // the commit replaces the last one instead of following it
}

// Push commits to a branch as the login, and returns the SHA.
func (s *Server) Push(ctx context.Context, as string, name github.Repo, c Commit) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(name)
	if err != nil {
		return "", err
	}
	return s.push(ctx, s.account(as), r, c)
}

// push commits and tells everybody.
func (s *Server) push(ctx context.Context, by *user, r *repo, c Commit) (string, error) {
	branch := firstOf(c.Branch, r.defaultBranch)
	before := r.refs["refs/heads/"+branch]
	sha, err := s.commit(ctx, by, r, branch, before, c)
	if err != nil {
		return "", err
	}
	return sha, s.moved(ctx, by, r, "refs/heads/"+branch, before, sha)
}

// commit makes the commit after the one given.
func (s *Server) commit(ctx context.Context, by *user, r *repo, branch, parent string, c Commit) (string, error) {
	if parent == "" {
		parent = r.refs["refs/heads/"+r.defaultBranch]
	}
	if c.Force && parent != "" {
		last, err := r.show(ctx, parent)
		if err != nil {
			return "", err
		}
		parent = ""
		if len(last.Parents) > 0 {
			parent = last.Parents[0]
		}
	}
	return r.git.Commit(ctx, bare.Change{
		Ref: "refs/heads/" + branch, Parent: parent, Author: personOf(by), Message: firstOf(c.Message, "Change"),
		At: s.now(), Files: c.Files, Remove: c.Remove,
	})
}

// DeleteBranch deletes a branch as the login.
func (s *Server) DeleteBranch(ctx context.Context, as string, name github.Repo, branch string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(name)
	if err != nil {
		return err
	}
	ref := "refs/heads/" + branch
	before := r.refs[ref]
	if before == "" {
		return fmt.Errorf("%v has no branch %s", name, branch)
	}
	if err := r.git.SetRef(ctx, ref, ""); err != nil {
		return err
	}
	return s.moved(ctx, s.account(as), r, ref, before, "")
}

// Head returns where the branch points, or "".
func (s *Server) Head(name github.Repo, branch string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(name)
	if err != nil {
		return ""
	}
	return r.refs["refs/heads/"+branch]
}

// resolve returns the commit that a SHA, branch or tag names, or "".
func (s *Server) resolve(ctx context.Context, r *repo, ref string) string {
	for _, prefix := range []string{"refs/heads/", "refs/tags/", "refs/", ""} {
		if sha := r.refs[prefix+ref]; sha != "" && !strings.HasPrefix(prefix+ref, "refs/tags/") {
			return sha
		}
	}
	if r.known[ref] {
		return ref
	}
	sha, err := r.git.Resolve(ctx, ref)
	if err != nil {
		return ""
	}
	r.known[sha] = true
	return sha
}

// show returns the commit, asking git only once.
func (r *repo) show(ctx context.Context, sha string) (bare.Commit, error) {
	if commit, known := r.commits[sha]; known {
		return commit, nil
	}
	commit, err := r.git.Show(ctx, sha)
	if err == nil {
		r.commits[sha] = commit
	}
	return commit, err
}

// openPulls returns the open pulls for which f holds.
func (r *repo) openPulls(f func(*pull) bool) []*issue {
	return slices.DeleteFunc(slices.Clone(r.issues), func(i *issue) bool {
		return i.pull == nil || i.state != "open" || !f(i.pull)
	})
}
