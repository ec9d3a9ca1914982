// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"errors"

	gogithub "github.com/google/go-github/v88/github"
)

// ErrNotFile says that a path holds a directory, a link or a submodule.
var ErrNotFile = errors.New("it is not a file")

// Contents returns the file at the path and ref; an empty ref is the default
// branch. GitHub serves files of up to 100 MB.
func (c *Client) Contents(ctx context.Context, repo Repo, path, ref string) ([]byte, error) {
	file, _, _, err := c.gh.Repositories.GetContents(ctx, repo.Org, repo.Name, path, &gogithub.RepositoryContentGetOptions{Ref: ref})
	if err != nil {
		return nil, wrap(err, "reading %s of %v", path, repo)
	}
	if file == nil || file.GetType() != "file" {
		return nil, wrap(ErrNotFile, "reading %s of %v", path, repo)
	}
	if file.GetEncoding() == "none" { // over 1 MB
		data, _, err := c.gh.Git.GetBlobRaw(ctx, repo.Org, repo.Name, file.GetSHA())
		return data, wrap(err, "reading %s of %v", path, repo)
	}
	text, err := file.GetContent()
	return []byte(text), wrap(err, "decoding %s of %v", path, repo)
}
