// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"context"
	"slices"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
	triggers "github.com/cutwater-ci/cutwater/triggers/jobs"
)

// onPush runs the postsubmits of the branch or tag that was pushed to.
func (t trigger) onPush(ctx context.Context, e plugin.Push) error {
	if e.Deleted {
		return nil
	}
	all, err := t.knownIn(ctx, e.Config, e.Repo.Repo, func() (string, []string, error) { return e.After, nil, nil })
	if err != nil {
		return err
	}
	branch := branchOf(e.Ref)
	chosen, err := triggers.OnPush(all.postsubmits, branch, jobs.FixedChanges(changedFiles(e.Commits)...))
	if err != nil {
		return err
	}
	refs := triggers.PushRefs(triggers.Push{
		Repo: e.Repo.Repo, RepoHTMLURL: e.Repo.HTMLURL, Branch: branch, After: e.After, Compare: e.Compare,
	})
	prowJobs := make([]*prowv1.ProwJob, 0, len(chosen))
	for _, p := range chosen {
		prowJobs = append(prowJobs, triggers.FromPostsubmit(p, refs, t.options(e.Config, e.GUID, e.Repo.Repo, prowv1.PostsubmitJob, p.Name)))
	}
	return all.finished(t.create(ctx, prowJobs))
}

// branchOf returns the short name of a branch or tag.
func branchOf(ref string) string {
	return strings.TrimPrefix(strings.TrimPrefix(ref, "refs/heads/"), "refs/tags/")
}

// changedFiles returns the files that any of the commits changes, sorted.
func changedFiles(commits []webhook.PushedCommit) []string {
	var files []string
	for _, c := range commits {
		files = slices.Concat(files, c.Added, c.Removed, c.Modified)
	}
	slices.Sort(files)
	return slices.Compact(files)
}
