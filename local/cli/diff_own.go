// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/local/configdiff"
)

// compareOwn compares the jobs that a repository brings in one revision with
// those in another one, or in the checkout as it is.
func (f *diffFlags) compareOwn(ctx context.Context, args []string) (*configdiff.Report, error) {
	switch {
	case f.git != "" || f.pair():
		return nil, errors.New("--repo-dir compares revisions of that repository, named by OLD and NEW: leave out --git, --old-config, --new-config and their jobs")
	case len(args) == 0:
		return nil, errors.New("give OLD, a revision of the repository that --repo-dir names, and NEW or nothing for the checkout as it is")
	}
	c, err := config.Load(ctx, config.Files{Config: f.config, Jobs: f.jobs, SupplementalConfigDirs: f.supplemental})
	if err != nil {
		return nil, err
	}
	local, err := findLocal(ctx, "--repo-dir", f.repoDir, f.repo)
	if err != nil {
		return nil, err
	}
	if err := enabled(c, local.repo); err != nil {
		return nil, fmt.Errorf("--repo-dir: %w", err)
	}
	before, errBefore := local.sideAt(ctx, c, args[0])
	after, errAfter := configdiff.Side{}, error(nil)
	if len(args) == 2 {
		after, errAfter = local.sideAt(ctx, c, args[1])
	} else {
		after, errAfter = local.sideAsItIs(ctx, c)
	}
	if err := errors.Join(errBefore, errAfter); err != nil {
		return nil, err
	}
	return configdiff.Compare(before, after), nil
}

// sideAt is all jobs, those of the repository being as in a revision.
func (l localRepo) sideAt(ctx context.Context, c *config.Config, revision string) (configdiff.Side, error) {
	brought, err := l.at(ctx, revision)
	return sideOf(c, brought, revision+":", err)
}

// sideAsItIs is all jobs, those of the repository being as in the work tree.
func (l localRepo) sideAsItIs(ctx context.Context, c *config.Config) (configdiff.Side, error) {
	brought, err := l.asItIs(ctx)
	return sideOf(c, brought, l.dir+string(filepath.Separator), err)
}

// sideOf is all jobs; root begins the names of the repository's files.
func sideOf(c *config.Config, brought own, root string, err error) (configdiff.Side, error) {
	var all *jobs.Jobs
	if err == nil {
		all, err = brought.jobs(c)
	}
	return configdiff.Side{Jobs: all, Root: root}, err
}
