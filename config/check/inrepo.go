// SPDX-License-Identifier: Apache-2.0

package check

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/internal/gitignore"
)

// The names in a repository. The folder wins.
const (
	inRepoFile   = ".prow.yaml"
	inRepoFolder = ".prow"
	ignoreFile   = ".prowignore"
)

// inRepoCheck is what findings in a repository's own jobs are said to be from.
const inRepoCheck = "prow-yaml"

// InRepo finds what is wrong with the jobs that a repository brings, as they
// are in its folder on this machine: alone, and together with all others.
// With strict, keys that mean nothing are errors; otherwise they are notices.
func InRepo(c *config.Config, repo, folder string, strict bool) []Finding {
	names, err := inRepoFiles(folder)
	if err != nil {
		return inRepo(known(Error, []document.Problem{{Message: err.Error()}}))
	}
	if len(names) == 0 {
		return inRepo(known(Notice, []document.Problem{{Position: document.Position{File: folder}, Message: "has neither .prow nor .prow.yaml"}}))
	}
	var all jobs.InRepoFile
	var found []Finding
	decoder := &document.Decoder{}
	for _, name := range names {
		doc, err := document.Read(name)
		if err != nil {
			found = append(found, failures(name, err)...)
			continue
		}
		var file jobs.InRepoFile
		result := decoder.Decode(doc, &file)
		found = append(found, known(Error, result.Errors)...)
		for _, warning := range result.Warnings {
			level := Notice
			if strict && warning.Kind == document.UnknownKey {
				level = Error
			}
			found = append(found, known(level, []document.Problem{warning})...)
		}
		all.Presets = append(all.Presets, file.Presets...)
		all.Presubmits = append(all.Presubmits, file.Presubmits...)
		all.Postsubmits = append(all.Postsubmits, file.Postsubmits...)
	}
	static := len(c.Presubmits(repo))
	presubmits, _, err := c.WithInRepo(repo, &all)
	found = append(found, failures(folder, err)...)
	for i := range presubmits[min(static, len(presubmits)):] {
		p := &presubmits[static+i]
		if f, wrong := notAllowed(c, job{jobs.Any{Repo: repo, Presubmit: p}, &p.JobBase}); wrong {
			f.Level = Error
			found = append(found, f)
		}
	}
	return inRepo(found)
}

func inRepo(found []Finding) []Finding {
	for i := range found {
		found[i].Check = inRepoCheck
	}
	return found
}

// inRepoFiles are the files of the repository that have jobs.
func inRepoFiles(folder string) ([]string, error) {
	name := filepath.Join(folder, inRepoFolder)
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return notIgnored(folder, name)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	name = filepath.Join(folder, inRepoFile)
	switch _, err := os.Stat(name); {
	case err == nil:
		return []string{name}, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	default:
		return nil, err
	}
}

// notIgnored are the YAML files below a folder that .prowignore beside it, or one in it, does not name.
func notIgnored(root, folder string) ([]string, error) {
	found, err := document.Find(folder, document.IsYAML)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(root, ignoreFile))
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	var rules gitignore.Rules
	rules.Add(ignoreFile, string(text))
	var kept []string
	for _, name := range found {
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return nil, err
		}
		if !rules.Ignores(filepath.ToSlash(relative)) {
			kept = append(kept, name)
		}
	}
	return kept, nil
}
