// SPDX-License-Identifier: Apache-2.0

package bare

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ErrConflict says that two commits change the same lines.
var ErrConflict = errors.New("merge conflict")

// Merge makes a commit that joins head to base, without moving any ref.
func (r *Repo) Merge(ctx context.Context, base, head, message string, by Person, at time.Time) (string, error) {
	tree, err := r.mergedTree(ctx, base, head)
	if err != nil {
		return "", err
	}
	return r.commitTree(ctx, tree, message, by, at, base, head)
}

// Squash makes one commit on base of all that head adds, without moving any ref.
func (r *Repo) Squash(ctx context.Context, base, head, message string, by Person, at time.Time) (string, error) {
	tree, err := r.mergedTree(ctx, base, head)
	if err != nil {
		return "", err
	}
	return r.commitTree(ctx, tree, message, by, at, base)
}

// Rebase repeats the commits of head on base, without moving any ref, and
// returns the last one.
func (r *Repo) Rebase(ctx context.Context, base, head string, by Person, at time.Time) (string, error) {
	fork, err := r.MergeBase(ctx, base, head)
	if err != nil {
		return "", err
	}
	tree, err := os.MkdirTemp("", "rebase-")
	if err != nil {
		return "", fmt.Errorf("making a work tree: %w", err)
	}
	defer func() { _ = os.RemoveAll(tree) }()
	clone := &Repo{Dir: filepath.Join(tree, ".git")}
	if _, err := r.git(ctx, nil, nil, "clone", "--quiet", "--shared", "--no-checkout", "--", r.Dir, tree); err != nil {
		return "", err
	}
	env := append(by.environment(at)[3:], "GIT_WORK_TREE="+tree) // authors stay
	if _, err := clone.git(ctx, env, nil, "checkout", "--quiet", "--detach", head); err != nil {
		return "", err
	}
	if _, err := clone.git(ctx, env, nil, "rebase", "--quiet", "--onto", base, fork); err != nil {
		return "", fmt.Errorf("%w: %w", ErrConflict, err)
	}
	sha, err := clone.Resolve(ctx, "HEAD")
	if err != nil {
		return "", err
	}
	return sha, r.Fetch(ctx, tree, sha)
}

// mergedTree returns the tree of head merged into base.
func (r *Repo) mergedTree(ctx context.Context, base, head string) (string, error) {
	out, err := r.git(ctx, nil, nil, "merge-tree", "--write-tree", "--messages", base, head)
	if err == nil {
		tree, _, _ := strings.Cut(string(out), "\n")
		return tree, nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return "", fmt.Errorf("merging %s into %s: %w", head, base, ErrConflict)
	}
	return r.mergedTreeByIndex(ctx, base, head) // git before 2.38 cannot write the tree
}

// mergedTreeByIndex merges with an index and a folder of its own.
func (r *Repo) mergedTreeByIndex(ctx context.Context, base, head string) (string, error) {
	fork, err := r.MergeBase(ctx, base, head)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "merge-")
	if err != nil {
		return "", fmt.Errorf("making a work tree: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	tree := filepath.Join(dir, "tree")
	if err := os.Mkdir(tree, 0o755); err != nil {
		return "", fmt.Errorf("making a work tree: %w", err)
	}
	env := []string{"GIT_INDEX_FILE=" + filepath.Join(dir, "index"), "GIT_WORK_TREE=" + tree}
	if _, err := r.git(ctx, env, nil, "read-tree", "-i", "-m", "--aggressive", fork, base, head); err != nil {
		return "", err
	}
	merge := r.command(ctx, env, "merge-index", "-q", "git-merge-one-file", "-a")
	merge.Dir = tree
	if err := merge.Run(); err != nil {
		return "", fmt.Errorf("merging %s into %s: %w", head, base, ErrConflict)
	}
	out, err := r.git(ctx, env, nil, "write-tree")
	return strings.TrimSpace(string(out)), err
}

func (r *Repo) commitTree(ctx context.Context, tree, message string, by Person, at time.Time, parents ...string) (string, error) {
	args := []string{"commit-tree", tree, "-F", "-"}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	out, err := r.git(ctx, by.environment(at), strings.NewReader(message), args...)
	return strings.TrimSpace(string(out)), err
}
