// SPDX-License-Identifier: Apache-2.0

package inrepo

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/git"
	"github.com/cutwater-ci/cutwater/internal/gitignore"
)

const (
	fileName   = ".prow.yaml"
	folderName = ".prow"
	ignoreName = ".prowignore"
	// maxFiles limits what one repository may have us read.
	maxFiles = 2000
	// maxIgnore limits all .prowignore files together, in bytes. maxMatching does
	// that times the size of all paths, which is what it takes to match them: a few
	// seconds at the very worst.
	maxIgnore   = 64 << 10
	maxMatching = 256 << 20
)

// tree is a state of a repository's files: git.Tree, or a folder.
type tree interface {
	List(ctx context.Context, paths ...string) ([]git.Entry, error)
	Walk(ctx context.Context, paths ...string) ([]git.Entry, error)
	ReadFiles(ctx context.Context, files []git.Entry) ([][]byte, error)
}

// source is where a tree has its jobs.
type source struct {
	// key names the content of all that read reads; it is the same where the content is.
	key string
	// file is .prow.yaml, when there is no folder.
	file *git.Entry
	// folder is whether there is .prow.
	folder bool
	// ignore is .prowignore beside it.
	ignore *git.Entry
}

// find looks where the tree has its jobs. The folder wins over the file.
func find(ctx context.Context, tree tree) (source, error) {
	entries, err := tree.List(ctx, fileName, folderName, ignoreName)
	if err != nil {
		return source{}, err
	}
	var s source
	var folderID string
	for _, entry := range entries {
		switch {
		case entry.Path == folderName && entry.Folder():
			s.folder, folderID = true, entry.ID
		case entry.Path == fileName && entry.Regular():
			s.file = &entry
		case entry.Path == ignoreName && entry.Regular():
			s.ignore = &entry
		}
	}
	switch {
	case s.folder && s.ignore != nil:
		s.key = "folder " + folderID + " " + s.ignore.ID
	case s.folder:
		s.key = "folder " + folderID
	case s.file != nil:
		s.key = "file " + s.file.ID
	}
	return s, nil
}

// read returns the names and the contents of the files with jobs.
func (s source) read(ctx context.Context, tree tree) (names []string, contents [][]byte, err error) {
	var files []git.Entry
	switch {
	case s.folder:
		if files, err = s.list(ctx, tree); err != nil {
			return nil, nil, err
		}
	case s.file != nil:
		files = []git.Entry{*s.file}
	}
	for _, file := range files {
		names = append(names, file.Path)
	}
	contents, err = tree.ReadFiles(ctx, files)
	return names, contents, err
}

// list is the files of the folder, in the order in which a walk through folders meets them.
func (s source) list(ctx context.Context, tree tree) ([]git.Entry, error) {
	entries, err := tree.Walk(ctx, folderName)
	if err != nil {
		return nil, err
	}
	var files, ignores []git.Entry
	if s.ignore != nil {
		ignores = append(ignores, *s.ignore)
	}
	for _, entry := range entries {
		switch ext := path.Ext(entry.Path); {
		case !entry.Regular():
		case path.Base(entry.Path) == ignoreName:
			ignores = append(ignores, entry)
		case ext == ".yaml" || ext == ".yml":
			files = append(files, entry)
		}
	}
	if len(files)+len(ignores) > maxFiles {
		return nil, mistake(folderName, "%d files are more than the %d that are read", len(files)+len(ignores), maxFiles)
	}
	texts, err := tree.ReadFiles(ctx, ignores)
	if err != nil {
		return nil, err
	}
	if err := matchable(texts, files); err != nil {
		return nil, err
	}
	var rules gitignore.Rules
	for i, text := range texts {
		rules.Add(ignores[i].Path, string(text))
	}
	files = slices.DeleteFunc(files, func(entry git.Entry) bool { return rules.Ignores(entry.Path) })
	slices.SortFunc(files, func(a, b git.Entry) int {
		return slices.Compare(strings.Split(a.Path, "/"), strings.Split(b.Path, "/"))
	})
	return files, nil
}

// matchable makes sure that files can be held against the texts of .prowignore in reasonable time.
func matchable(ignores [][]byte, files []git.Entry) error {
	rules, paths := 0, 0
	for _, text := range ignores {
		rules += len(text)
	}
	for _, file := range files {
		paths += len(file.Path)
	}
	if rules > maxIgnore || rules*paths > maxMatching {
		return mistake(ignoreName, "%d bytes of rules are too many for %d files", rules, len(files))
	}
	return nil
}
