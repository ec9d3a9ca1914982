// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// checkout is a part of a revision, in a folder that is thrown away.
type checkout struct {
	temporary string
	// folder is the counterpart of the folder that it was asked for.
	folder string
}

// checkOut writes paths below a folder as they are in a revision. The
// repository and its index stay as they are: the index is one of our own.
func checkOut(ctx context.Context, dir, revision string, paths []string) (_ checkout, err error) {
	temporary, err := os.MkdirTemp("", "cutwater-revision-")
	if err != nil {
		return checkout{}, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(temporary)
		}
	}()
	repo := repository{dir: dir, index: filepath.Join(temporary, "index")}
	top, err := repo.git(ctx, nil, "rev-parse", "--show-toplevel")
	if err != nil {
		return checkout{}, err
	}
	prefix, err := repo.git(ctx, nil, "rev-parse", "--show-prefix")
	if err != nil {
		return checkout{}, err
	}
	tree, err := repo.git(ctx, nil, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{tree}")
	if err != nil {
		return checkout{}, errors.New("there is no such revision")
	}
	repo.dir = strings.TrimSuffix(top, "\n")
	prefix = strings.TrimSuffix(prefix, "\n")
	list := []string{"ls-files", "-z", "--"}
	for _, each := range paths {
		list = append(list, ":(literal)"+path.Join(prefix, filepath.ToSlash(each)))
	}
	if _, err := repo.git(ctx, nil, "read-tree", strings.TrimSpace(tree)); err != nil {
		return checkout{}, err
	}
	files, err := repo.git(ctx, nil, list...)
	if err != nil {
		return checkout{}, err
	}
	root := filepath.Join(temporary, "files")
	if _, err := repo.git(ctx, []byte(files), "checkout-index", "-z", "--stdin", "--prefix="+root+"/"); err != nil {
		return checkout{}, err
	}
	return checkout{temporary: temporary, folder: filepath.Join(root, prefix)}, nil
}

// repository is a git repository and an index to use in place of its own.
type repository struct{ dir, index string }

func (r repository) git(ctx context.Context, stdin []byte, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = r.dir
	cmd.Env = os.Environ()
	if r.index != "" {
		cmd.Env = append(cmd.Env, "GIT_INDEX_FILE="+r.index)
	}
	cmd.Stdin = bytes.NewReader(stdin)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", fmt.Errorf("git %s: %s", args[0], strings.TrimSpace(string(exit.Stderr)))
	}
	return string(out), err
}

// revisions completes the name of a branch or a tag of the repository in a folder.
func revisions(ctx context.Context, dir string) ([]cobra.Completion, cobra.ShellCompDirective) {
	out, err := repository{dir: dir}.git(ctx, nil, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags")
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return strings.Fields(out), cobra.ShellCompDirectiveNoFileComp
}
