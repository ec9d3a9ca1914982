// SPDX-License-Identifier: Apache-2.0

package check

import (
	"context"
	"path/filepath"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/inrepo"
	"github.com/cutwater-ci/cutwater/config/jobs"
)

// inRepoCheck is what findings in a repository's own jobs are said to be from.
const inRepoCheck = "prow-yaml"

// InRepo finds what is wrong with the jobs that a repository brings, as they
// are in its folder on this machine: alone and, where nothing is wrong with the
// configuration, together with all others. With strict, keys that mean nothing
// are errors; otherwise they are notices.
func InRepo(ctx context.Context, in Input, repo, folder string, strict bool) []Finding {
	brought, err := inrepo.ReadFolder(ctx, folder, func(name string) string { return filepath.Join(folder, name) })
	if err != nil {
		return inRepo(known(Error, []document.Problem{{Message: err.Error()}}))
	}
	if brought.Empty {
		return inRepo(known(Notice, []document.Problem{{Position: document.Position{File: folder}, Message: "has neither .prow nor .prow.yaml"}}))
	}
	found := known(Error, brought.Errors)
	for _, warning := range brought.Warnings {
		level := Notice
		if strict && warning.Kind == document.UnknownKey {
			level = Error
		}
		found = append(found, known(level, []document.Problem{warning})...)
	}
	if in.Config != nil && !in.wrong.any() {
		found = append(found, together(in.Config, repo, folder, brought.Jobs)...)
	}
	return inRepo(found)
}

// together finds what is wrong with a repository's own jobs as parts of the whole.
func together(c *config.Config, repo, folder string, brought *jobs.InRepoFile) []Finding {
	static := len(c.Presubmits(repo))
	presubmits, _, err := c.WithInRepo(repo, brought)
	found := failures(folder, err)
	for i := range presubmits[min(static, len(presubmits)):] {
		p := &presubmits[static+i]
		if f, wrong := notAllowed(c, job{jobs.Any{Repo: repo, Presubmit: p}, &p.JobBase}); wrong {
			f.Level = Error
			found = append(found, f)
		}
	}
	return found
}

func inRepo(found []Finding) []Finding {
	for i := range found {
		found[i].Check = inRepoCheck
	}
	return found
}
