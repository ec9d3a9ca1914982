// SPDX-License-Identifier: Apache-2.0

// Package bare keeps bare git repositories for a git server, by running git.
//
// It is started by package githubtest, writes below the folders it is given, and
// has no configuration. The configuration of the machine's own git is not used.
package bare

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ErrNotFound says that a revision or path does not exist.
var ErrNotFound = errors.New("not found")

// ErrMoved says that a ref points elsewhere by now.
var ErrMoved = errors.New("the ref has moved")

// Repo is a bare repository.
type Repo struct{ Dir string }

// config makes the repository serve what GitHub serves: any commit by its SHA and
// partial clones. Pushing to refs/pull is refused.
const config = `[core]
	repositoryformatversion = 0
	bare = true
	logAllRefUpdates = false
[gc]
	auto = 0
[receive]
	autogc = false
	hideRefs = refs/pull
	shallowUpdate = true
[http]
	receivepack = true
[uploadpack]
	allowFilter = true
	allowAnySHA1InWant = true
`

// Init makes an empty repository in dir.
func Init(ctx context.Context, dir, defaultBranch string) (*Repo, error) {
	r := &Repo{Dir: dir}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making a repository: %w", err)
	}
	if _, err := r.git(ctx, nil, nil, "init", "--quiet", "--bare", "--template="); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o644); err != nil {
		return nil, fmt.Errorf("configuring %s: %w", dir, err)
	}
	if _, err := r.git(ctx, nil, nil, "symbolic-ref", "HEAD", "refs/heads/"+defaultBranch); err != nil {
		return nil, err
	}
	return r, nil
}

// Fork makes a repository in dir with the branches of r, sharing its objects.
func (r *Repo) Fork(ctx context.Context, dir, defaultBranch string) (*Repo, error) {
	fork, err := Init(ctx, dir, defaultBranch)
	if err != nil {
		return nil, err
	}
	objects, err := filepath.Abs(filepath.Join(r.Dir, "objects"))
	if err != nil {
		return nil, err
	}
	info := filepath.Join(dir, "objects", "info")
	if err := os.MkdirAll(info, 0o755); err != nil {
		return nil, fmt.Errorf("sharing objects: %w", err)
	}
	if err := os.WriteFile(filepath.Join(info, "alternates"), []byte(objects+"\n"), 0o644); err != nil {
		return nil, fmt.Errorf("sharing objects: %w", err)
	}
	return fork, fork.Fetch(ctx, r.Dir, "+refs/heads/*:refs/heads/*")
}

// Fetch copies refs of the repository at dir.
func (r *Repo) Fetch(ctx context.Context, dir string, refspecs ...string) error {
	_, err := r.git(ctx, nil, nil, append([]string{"fetch", "--quiet", "--no-tags", "--update-shallow", "--", dir}, refspecs...)...)
	return err
}

// Resolve returns the SHA of the commit that the revision names.
func (r *Repo) Resolve(ctx context.Context, revision string) (string, error) {
	out, err := r.git(ctx, nil, nil, "rev-parse", "--quiet", "--verify", "--end-of-options", revision+"^{commit}")
	if err != nil {
		return "", fmt.Errorf("revision %q: %w", revision, ErrNotFound)
	}
	return strings.TrimSpace(string(out)), nil
}

// Refs returns the refs below the prefix ("refs/heads/") and where they point.
func (r *Repo) Refs(ctx context.Context, prefix string) (map[string]string, error) {
	out, err := r.git(ctx, nil, nil, "for-each-ref", "--format=%(refname) %(objectname)", prefix)
	if err != nil {
		return nil, err
	}
	refs := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if ref, sha, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			refs[ref] = sha
		}
	}
	return refs, nil
}

// SetRef makes the ref point to the SHA; an empty SHA deletes it.
func (r *Repo) SetRef(ctx context.Context, ref, sha string) error {
	args := []string{"update-ref", ref, sha}
	if sha == "" {
		args = []string{"update-ref", "-d", ref}
	}
	_, err := r.git(ctx, nil, nil, args...)
	return err
}

// MoveRef makes the ref point to another SHA, unless it no longer points where it is
// thought to: that is an [ErrMoved].
func (r *Repo) MoveRef(ctx context.Context, ref, from, to string) error {
	_, err := r.git(ctx, nil, nil, "update-ref", ref, to, from)
	if err == nil {
		return nil
	}
	if now, resolveErr := r.Resolve(ctx, ref); resolveErr == nil && now != from {
		return fmt.Errorf("%s: %w", ref, ErrMoved)
	}
	return err
}

// MergeBase returns the best common ancestor of two commits.
func (r *Repo) MergeBase(ctx context.Context, a, b string) (string, error) {
	out, err := r.git(ctx, nil, nil, "merge-base", a, b)
	if err != nil {
		return "", fmt.Errorf("common ancestor of %s and %s: %w", a, b, ErrNotFound)
	}
	return strings.TrimSpace(string(out)), nil
}

// IsAncestor reports whether a is an ancestor of b, or b itself.
func (r *Repo) IsAncestor(ctx context.Context, a, b string) bool {
	_, err := r.git(ctx, nil, nil, "merge-base", "--is-ancestor", a, b)
	return err == nil
}

// Person makes commits.
type Person struct{ Name, Email string }

// environment returns the variables by which git knows the author and committer.
func (p Person) environment(at time.Time) []string {
	date := fmt.Sprintf("%d +0000", at.Unix())
	return []string{
		"GIT_AUTHOR_NAME=" + p.Name, "GIT_AUTHOR_EMAIL=" + p.Email, "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=" + p.Name, "GIT_COMMITTER_EMAIL=" + p.Email, "GIT_COMMITTER_DATE=" + date,
	}
}

// git runs git in the repository and returns what it prints.
func (r *Repo) git(ctx context.Context, env []string, stdin io.Reader, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd := r.command(ctx, env, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.Bytes(), fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}

// command returns git in the repository, deaf to the machine's configuration.
func (r *Repo) command(ctx context.Context, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", args...) //nolint:gosec // no shell, and what comes from outside follows --end-of-options or is a SHA
	cmd.Dir = r.Dir
	for _, v := range cmd.Environ() {
		if !strings.HasPrefix(v, "GIT_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "GIT_DIR="+r.Dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	cmd.Env = append(cmd.Env, env...)
	return cmd
}
