// SPDX-License-Identifier: Apache-2.0

package inrepo

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/internal/git"
)

// Folder is what a repository says about its jobs as it is in a folder of this
// machine, committed or not, read by the same rules as its commits.
type Folder struct {
	// Jobs are those that could be read.
	Jobs *jobs.InRepoFile
	// Result is what is wrong, and what is odd.
	document.Result
	// Empty is whether there is neither .prow nor .prow.yaml.
	Empty bool
}

// ReadFolder reads the folder that is a repository's root. called says what its
// files are called in places and messages.
func ReadFolder(ctx context.Context, dir string, called func(name string) string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	tree := folder{root}
	source, err := find(ctx, tree)
	if err != nil {
		return nil, err
	}
	names, contents, err := source.read(ctx, tree)
	var mistake *Mistake
	if errors.As(err, &mistake) {
		for i := range mistake.Problems {
			mistake.Problems[i].File = called(mistake.Problems[i].File)
		}
		return &Folder{Jobs: &jobs.InRepoFile{}, Result: document.Result{Errors: mistake.Problems}}, nil
	}
	if err != nil {
		return nil, err
	}
	for i := range names {
		names[i] = called(names[i])
	}
	p := parse(&document.Decoder{}, names, contents)
	return &Folder{Jobs: &p.InRepoFile, Result: p.Result, Empty: !source.folder && source.file == nil}, nil
}

// folder is a repository's files as they are on this machine.
type folder struct{ root *os.Root }

// List is that of git.Tree; nothing has an ID.
func (f folder) List(_ context.Context, paths ...string) ([]git.Entry, error) {
	var entries []git.Entry
	for _, name := range paths {
		info, err := f.root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		entries = append(entries, git.Entry{Path: name, Mode: mode(info.Mode())})
	}
	return entries, nil
}

// Walk is that of git.Tree.
func (f folder) Walk(ctx context.Context, paths ...string) ([]git.Entry, error) {
	var entries []git.Entry
	for _, start := range paths {
		err := fs.WalkDir(f.root.FS(), start, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return errors.Join(err, ctx.Err())
			}
			entries = append(entries, git.Entry{Path: name, Mode: mode(entry.Type())})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// mode is what git has for a kind of file; a link is never followed.
func mode(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "040000"
	case m.IsRegular():
		return "100644"
	}
	return "120000"
}

// ReadFiles is that of git.Tree, of a little more than parse accepts: of a file,
// and of all of them.
func (f folder) ReadFiles(ctx context.Context, files []git.Entry) ([][]byte, error) {
	contents := make([][]byte, len(files))
	for i, total := 0, 0; i < len(files) && total <= maxTotal; i++ {
		var err error
		if contents[i], err = f.read(files[i].Path); err != nil {
			return nil, err
		}
		total += len(contents[i])
	}
	return contents, ctx.Err()
}

func (f folder) read(name string) ([]byte, error) {
	file, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxSize+1))
}
