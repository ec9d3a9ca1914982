// SPDX-License-Identifier: Apache-2.0

package document

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/gitignore"
)

// ignoreFile lists, in the syntax of .gitignore, files that are not configuration.
const ignoreFile = ".prowignore"

// Find returns the files below root that want accepts, in lexical order. Names
// that start with ".." are left out: ConfigMap mounts keep their versions in
// such folders. So is what the files .prowignore name, at any level. root may
// itself be a file, which is then returned whatever its name.
func Find(root string, want func(name string) bool) ([]string, error) {
	var found []string
	var ignore gitignore.Rules
	root = filepath.Clean(root)
	start := root
	if info, err := os.Stat(root); err == nil && info.IsDir() {
		start += string(filepath.Separator) // A link to a folder is the folder.
	}
	err := filepath.WalkDir(start, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name = filepath.Clean(name)
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		slashed := filepath.ToSlash(relative)
		switch base := entry.Name(); {
		case name == root && !entry.IsDir():
			found = append(found, name)
		case name != root && strings.HasPrefix(base, ".."):
			if entry.IsDir() {
				return filepath.SkipDir
			}
		case entry.IsDir():
			return addIgnore(&ignore, name, slashed)
		case want(base) && !ignore.Ignores(slashed):
			found = append(found, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("searching %s: %w", root, err)
	}
	return found, nil
}

// FindEnding reads the files below roots whose names end in suffix, and hands
// them to each. What cannot be read it adds to the problems.
func FindEnding(roots []string, suffix string, problems *Problems, each func(*Document)) {
	for _, root := range roots {
		found, err := Find(root, func(name string) bool { return strings.HasSuffix(name, suffix) })
		if err != nil {
			problems.Add(root, err)
			continue
		}
		for _, name := range found {
			doc, err := Read(name)
			if err != nil {
				problems.Add(name, err)
				continue
			}
			each(doc)
		}
	}
}

// addIgnore reads the ignore file of a folder, if it has one, before the folder's own files are looked at.
func addIgnore(rules *gitignore.Rules, folder, relative string) error {
	text, err := new(Reader).text(filepath.Join(folder, ignoreFile), new(Sum))
	if err == nil {
		rules.Add(path.Join(relative, ignoreFile), text)
	}
	return nil
}

// IsYAML reports whether the name is that of a YAML file.
func IsYAML(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}
