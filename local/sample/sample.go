// SPDX-License-Identifier: Apache-2.0

// Package sample is the repository that `cutwater up` shows the loop on: a
// greeting in shell, its tests, and its jobs in .prow.yaml.
//
// Started by nothing; it is data.
package sample

import (
	"embed"
	"io/fs"
)

// Org and Repo are the repository's name.
const (
	Org  = "cutwater"
	Repo = "sample"
)

//go:embed all:repo
var repo embed.FS

// Files are the repository's files, by path.
func Files() (map[string]string, error) {
	files := map[string]string{}
	root, err := fs.Sub(repo, "repo")
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(root, path)
		files[path] = string(content)
		return err
	})
	return files, err
}
