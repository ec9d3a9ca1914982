// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/inrepo"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/local/makejob"
)

// own is what a repository says about its own jobs. The zero value says nothing.
type own struct {
	// repo is its "org/repo".
	repo string
	file *jobs.InRepoFile
}

// jobs are all jobs of a configuration together with those of the repository.
func (o own) jobs(c *config.Config) (*jobs.Jobs, error) {
	if o.file == nil {
		return c.Jobs, nil
	}
	presubmits, postsubmits, err := c.WithInRepo(o.repo, o.file)
	if err != nil {
		return nil, err
	}
	return c.Jobs.With(o.repo, presubmits, postsubmits), nil
}

// ownNames are what may hold a repository's own jobs.
func ownNames() []string { return []string{".prow.yaml", ".prow", ".prowignore"} }

// localRepo is a repository on this machine.
type localRepo struct {
	// dir is its root.
	dir string
	// repo is its "org/repo".
	repo string
}

// findLocal finds the root of the repository that a folder is in, and which it
// is: repo or, when that is empty, what the remote origin says.
func findLocal(ctx context.Context, flag, dir, repo string) (localRepo, error) {
	if _, err := os.Stat(dir); err != nil {
		return localRepo{}, fmt.Errorf("%s: %w", flag, err)
	}
	git := repository{dir: dir}
	if root, err := git.git(ctx, nil, "rev-parse", "--show-toplevel"); err == nil {
		dir = strings.TrimSuffix(root, "\n")
	}
	if repo == "" {
		origin, err := git.git(ctx, nil, "remote", "get-url", "origin")
		if err != nil {
			return localRepo{}, fmt.Errorf("%s: %s has no remote origin that says which repository it is; give --repo ORG/REPO", flag, dir)
		}
		if repo = repoOf(strings.TrimSpace(origin)); repo == "" {
			return localRepo{}, fmt.Errorf("%s: the remote origin of %s does not end in ORG/REPO; give --repo ORG/REPO", flag, dir)
		}
	}
	return localRepo{dir: dir, repo: repo}, nil
}

// repoOf is the "org/repo" at the end of a URL, or of git's host:path; empty if there is none.
func repoOf(remote string) string {
	parts := strings.FieldsFunc(strings.TrimSuffix(remote, ".git"), func(r rune) bool { return r == '/' || r == ':' })
	if len(parts) < 3 { // What is before them is a host or a scheme.
		return ""
	}
	return strings.Join(parts[len(parts)-2:], "/")
}

// enabled is an error where the repository may not bring its own jobs.
func enabled(c *config.Config, repo string) error {
	if c.InRepoEnabled(repo) {
		return nil
	}
	return fmt.Errorf("%s may not bring its own jobs: config.yaml enables that with in_repo_config.enabled[%s]: true", repo, repo)
}

// asItIs reads the jobs of the work tree as it is, committed or not.
func (l localRepo) asItIs(ctx context.Context) (own, error) {
	return l.read(ctx, l.dir, func(name string) string { return filepath.Join(l.dir, name) })
}

// at reads them as they are in a revision.
func (l localRepo) at(ctx context.Context, revision string) (own, error) {
	files, err := checkOut(ctx, l.dir, revision, ownNames())
	if err != nil {
		return own{}, fmt.Errorf("%s: %w", revision, err)
	}
	defer os.RemoveAll(files.temporary)
	return l.read(ctx, files.folder, func(name string) string { return revision + ":" + name })
}

func (l localRepo) read(ctx context.Context, dir string, called func(string) string) (own, error) {
	folder, err := inrepo.ReadFolder(ctx, dir, called)
	if err != nil {
		return own{}, err
	}
	return own{l.repo, folder.Jobs}, document.Problems(folder.Errors).Err()
}

// fromGitHub reads the jobs of a repository as trigger does: of the base with
// the pulls merged into it.
func fromGitHub(ctx context.Context, gh *github.Client, repo string, code makejob.Code) (_ own, err error) {
	parsed, err := github.ParseRepo(repo)
	if err != nil {
		return own{}, err
	}
	dir, err := os.MkdirTemp("", "cutwater-git-")
	if err != nil {
		return own{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	getter, err := inrepo.New(ctx, gh, inrepo.Options{Dir: dir, Env: os.Environ()})
	if err != nil {
		return own{}, err
	}
	var heads []string
	for _, pull := range code.Pulls {
		heads = append(heads, pull.SHA)
	}
	file, err := getter.Jobs(ctx, parsed, code.BaseSHA, heads...)
	return own{repo, file}, err
}
