// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"context"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/inrepo"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// inRepo reads the jobs that a repository itself holds.
type inRepo interface {
	// Jobs are those of the base with the heads merged into it.
	Jobs(ctx context.Context, repo github.Repo, baseSHA string, headSHAs ...string) (*jobs.InRepoFile, error)
}

// known is the jobs of a repository: those of the configuration and those that
// it brings itself.
type known struct {
	presubmits  []jobs.Presubmit
	postsubmits []jobs.Postsubmit
	// mistake is why the latter are not among them.
	mistake error
}

// finished returns the error of having acted on k: one that passes, or that the
// repository's author has to mend by another commit.
func (k known) finished(err error) error {
	if err != nil {
		return err
	}
	return event.Permanent(k.mistake)
}

// knownIn returns the jobs of the repository at the commits, which are asked for
// only where the repository may bring its own.
func (t trigger) knownIn(ctx context.Context, c *config.Config, repo github.Repo, commits func() (base string, heads []string, err error)) (known, error) {
	orgRepo := repo.String()
	static := known{presubmits: c.Presubmits(orgRepo), postsubmits: c.Postsubmits(orgRepo)}
	if !c.InRepoEnabled(orgRepo) {
		return static, nil
	}
	base, heads, err := commits()
	if err != nil {
		return known{}, err
	}
	file, err := t.inRepo.Jobs(ctx, repo, base, heads...)
	if err != nil && !inrepo.IsMistake(err) {
		return known{}, err
	}
	if err != nil {
		static.mistake = err
		return static, nil
	}
	presubmits, postsubmits, err := c.WithInRepo(orgRepo, file)
	if err != nil { // it does not fit the configuration, which is a mistake too
		static.mistake = err
		return static, nil
	}
	return known{presubmits: presubmits, postsubmits: postsubmits}, nil
}
