// SPDX-License-Identifier: Apache-2.0

package git

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ConflictError says that a commit cannot be merged.
type ConflictError struct {
	// Head is the commit that cannot be merged into what came before it.
	Head string
	// Files are where it conflicts.
	Files []string
}

// namedConflicts is how many files an error names.
const namedConflicts = 10

func (e *ConflictError) Error() string {
	files, more := e.Files, ""
	if len(files) > namedConflicts {
		files, more = files[:namedConflicts], fmt.Sprintf(" and %d more files", len(files)-namedConflicts)
	}
	return fmt.Sprintf("merging %s: conflicts in %s%s", e.Head, strings.Join(files, ", "), more)
}

// Merge fetches base and heads and returns the tree that is left when the
// heads are merged into the base one after the other. No heads give the base's
// own tree. A conflict is a *ConflictError.
func (r *Repo) Merge(ctx context.Context, base string, heads ...string) (Tree, error) {
	if err := r.Fetch(ctx, append([]string{base}, heads...)...); err != nil {
		return Tree{}, err
	}
	commit := base
	for i, head := range heads {
		tree, err := r.mergeTree(ctx, commit, head)
		if err != nil {
			return Tree{}, err
		}
		if i == len(heads)-1 {
			return Tree{repo: r, ID: tree}, nil
		}
		out, err := r.offline(ctx, nil, "commit-tree", "-p", commit, "-p", head, "-m", "merge", tree)
		if err != nil {
			return Tree{}, err
		}
		commit = strings.TrimSpace(string(out))
	}
	out, err := r.offline(ctx, nil, "rev-parse", "--verify", "--end-of-options", commit+"^{tree}")
	if err != nil {
		return Tree{}, err
	}
	return Tree{repo: r, ID: strings.TrimSpace(string(out))}, nil
}

// mergeTree merges two commits into a tree. git prints the tree and, after a
// conflict, the names of the files, each ended by a zero byte.
func (r *Repo) mergeTree(ctx context.Context, ours, theirs string) (string, error) {
	out, err := r.online(ctx, nil, "merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs)
	var exit *exitError
	if errors.As(err, &exit) && exit.code == 1 {
		_, names, _ := strings.Cut(strings.TrimRight(string(exit.stdout), "\x00"), "\x00")
		return "", &ConflictError{Head: theirs, Files: strings.Split(names, "\x00")}
	}
	if err != nil {
		return "", fmt.Errorf("merging %s: %w", theirs, err)
	}
	tree, _, _ := strings.Cut(string(out), "\x00")
	return strings.TrimSpace(tree), checkIDs(strings.TrimSpace(tree))
}
