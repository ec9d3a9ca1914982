// SPDX-License-Identifier: Apache-2.0

package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Tree is a state of a repository's files.
type Tree struct {
	repo *Repo
	// ID is git's hash of all that is in it.
	ID string
}

// Entry is a file, a symbolic link, a submodule or, in a listing that is not
// recursive, a folder.
type Entry struct {
	Path string
	// Mode is git's: 100644, 100755, 120000 (link), 160000 (submodule), 040000 (folder).
	Mode string
	// ID is the hash of the content; of a submodule, its commit.
	ID string
}

// Regular reports whether the entry is a plain file.
func (e Entry) Regular() bool { return strings.HasPrefix(e.Mode, "100") }

// Folder reports whether the entry is a folder.
func (e Entry) Folder() bool { return e.Mode == "040000" }

// List returns the entries at the paths themselves, so a folder is one entry. Paths that are not there are left out.
func (t Tree) List(ctx context.Context, paths ...string) ([]Entry, error) {
	return t.list(ctx, nil, paths)
}

// Walk returns the files at and below the paths.
func (t Tree) Walk(ctx context.Context, paths ...string) ([]Entry, error) {
	return t.list(ctx, []string{"-r"}, paths)
}

func (t Tree) list(ctx context.Context, options, paths []string) ([]Entry, error) {
	for _, p := range paths {
		if !fs.ValidPath(p) || p == "." {
			return nil, fmt.Errorf("%q is not a path in a repository", p)
		}
	}
	args := append([]string{"ls-tree", "-z", "--full-tree"}, options...)
	args = append(args, t.ID, "--")
	out, err := t.repo.offline(ctx, nil, append(args, paths...)...)
	if err != nil {
		return nil, err
	}
	return parseEntries(string(out))
}

// parseEntries reads "mode type id\tpath" lines, each ended by a zero byte.
func parseEntries(out string) ([]Entry, error) {
	var entries []Entry
	for line := range strings.SplitSeq(out, "\x00") {
		if line == "" {
			continue
		}
		about, name, ok := strings.Cut(line, "\t")
		fields := strings.Fields(about)
		if !ok || len(fields) != 3 {
			return nil, fmt.Errorf("git ls-tree printed %q", line)
		}
		entries = append(entries, Entry{Path: name, Mode: fields[0], ID: fields[2]})
	}
	return entries, nil
}

// ReadFile returns a file's content. Where there is no plain file, the error is fs.ErrNotExist.
func (t Tree) ReadFile(ctx context.Context, name string) ([]byte, error) {
	entries, err := t.List(ctx, path.Clean(name))
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 || !entries[0].Regular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	contents, err := t.ReadFiles(ctx, entries)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return contents[0], nil
}

// ReadFiles returns the contents of files, in their order.
func (t Tree) ReadFiles(ctx context.Context, files []Entry) ([][]byte, error) {
	if len(files) == 0 {
		return nil, nil
	}
	ids := make([]string, len(files))
	for i, file := range files {
		ids[i] = file.ID
	}
	if err := checkIDs(ids...); err != nil {
		return nil, err
	}
	if err := t.repo.prefetch(ctx, ids); err != nil {
		return nil, err
	}
	out, err := t.repo.online(ctx, []byte(strings.Join(ids, "\n")+"\n"), "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	return parseBatch(out, len(files))
}

// prefetch gets many contents in one request; git alone would ask for one at a time.
func (r *Repo) prefetch(ctx context.Context, ids []string) error {
	if len(ids) < 2 {
		return nil
	}
	// Without --filter and noop negotiation, git would ask for all that it has no refs for.
	_, err := r.online(
		ctx, []byte(strings.Join(ids, "\n")+"\n"),
		"-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head",
		"--no-recurse-submodules", "--filter=blob:none", "--stdin", "origin",
	)
	var exit *exitError
	if errors.As(err, &exit) {
		return nil // a server that does not give single objects filters none either
	}
	return err
}

// parseBatch reads what git cat-file --batch printed: "id blob size", the content and a newline, each.
func parseBatch(out []byte, n int) ([][]byte, error) {
	reader := bufio.NewReader(bytes.NewReader(out))
	contents := make([][]byte, 0, n)
	for range n {
		header, err := reader.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("git cat-file: %w", err)
		}
		fields := strings.Fields(header)
		if len(fields) != 3 || fields[1] != "blob" {
			return nil, fmt.Errorf("git cat-file printed %q", strings.TrimSpace(header))
		}
		size, err := strconv.Atoi(fields[2])
		if err != nil || size < 0 || size > len(out) {
			return nil, fmt.Errorf("git cat-file printed %q", strings.TrimSpace(header))
		}
		content := make([]byte, size)
		if _, err := io.ReadFull(reader, content); err != nil {
			return nil, fmt.Errorf("git cat-file: %w", err)
		}
		if _, err := reader.Discard(1); err != nil {
			return nil, fmt.Errorf("git cat-file: %w", err)
		}
		contents = append(contents, content)
	}
	return contents, nil
}
