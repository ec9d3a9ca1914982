// SPDX-License-Identifier: Apache-2.0

package makejob

import (
	"context"
	"errors"
	"fmt"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// Code is the code that a job is to run on. A periodic needs none of it.
type Code struct {
	// BaseRef is the branch, without refs/heads/.
	BaseRef string
	// BaseSHA is the commit of the branch.
	BaseSHA string
	// BaseLink is a page that shows the base of a postsubmit; empty means that of its commit.
	BaseLink string
	// Pulls are merged into the base: one for a presubmit, some for a batch.
	Pulls []Pull
}

// Pull is a pull request.
type Pull struct {
	Number int
	// SHA is its head, and HeadRef the branch that the head is of.
	SHA, HeadRef  string
	Author, Title string
}

// forge is what GitHub is asked.
type forge interface {
	Pull(ctx context.Context, pull github.Issue) (*github.Pull, error)
	Ref(ctx context.Context, repo github.Repo, ref string) (string, error)
	Repository(ctx context.Context, repo github.Repo) (*github.Repository, error)
}

// isGitHub tells GitHub's repositories from Gerrit's, which begin with a URL.
func isGitHub(orgRepo string) bool { return !strings.Contains(orgRepo, "://") }

// Complete fills in what is not given with what GitHub says: of pull requests
// all but their number; of a base without pull request the default branch and
// its tip.
func (c *Code) Complete(ctx context.Context, gh forge, orgRepo string) error {
	if orgRepo == "" {
		return nil
	}
	if !isGitHub(orgRepo) {
		return fmt.Errorf("%s is not on GitHub: leave out the --github flags, and give all values", orgRepo)
	}
	repo, err := github.ParseRepo(orgRepo)
	if err != nil {
		return err
	}
	for i := range c.Pulls {
		if err := c.completePull(ctx, gh, repo, &c.Pulls[i]); err != nil {
			return err
		}
	}
	if c.BaseRef == "" {
		about, err := gh.Repository(ctx, repo)
		if err != nil {
			return err
		}
		c.BaseRef = about.DefaultBranch
	}
	if c.BaseSHA == "" {
		if c.BaseSHA, err = gh.Ref(ctx, repo, "heads/"+c.BaseRef); err != nil {
			return err
		}
	}
	return nil
}

func (c *Code) completePull(ctx context.Context, gh forge, repo github.Repo, pull *Pull) error {
	if pull.Number == 0 {
		return nil
	}
	live, err := gh.Pull(ctx, repo.Issue(pull.Number))
	if err != nil {
		return err
	}
	set(&pull.SHA, live.Head.SHA)
	set(&pull.HeadRef, live.Head.Ref)
	set(&pull.Author, live.Author.Login)
	set(&pull.Title, live.Title)
	set(&c.BaseRef, live.Base.Ref)
	if live.Base.Ref != c.BaseRef {
		return fmt.Errorf("%v is into %s, not into %s", live.Issue(), live.Base.Ref, c.BaseRef)
	}
	return nil
}

// set sets what is not given.
func set(v *string, live string) {
	if *v == "" {
		*v = live
	}
}

// check names the flags of all values that a job of the type needs and lacks.
func (c *Code) check(kind prowv1.ProwJobType, j jobs.Any) error {
	var missing []string
	need := func(flag string, given bool) {
		if !given {
			missing = append(missing, flag)
		}
	}
	if kind != prowv1.PeriodicJob {
		need("--base-ref", c.BaseRef != "")
		need("--base-sha", c.BaseSHA != "")
	}
	if kind == prowv1.PresubmitJob || kind == prowv1.BatchJob {
		need("--pull-number", len(c.Pulls) > 0 && c.every(func(p Pull) bool { return p.Number > 0 }))
		need("--pull-sha", len(c.Pulls) > 0 && c.every(func(p Pull) bool { return p.SHA != "" }))
		need("--pull-author", len(c.Pulls) > 0 && c.every(func(p Pull) bool { return p.Author != "" }))
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s %q: give %s%s", j.Of(), j.Base().Name, listed(missing), orLive(kind, j))
	}
	switch {
	case kind == prowv1.PresubmitJob && len(c.Pulls) > 1:
		return errors.New("a presubmit runs on one pull request; for several at once, use --type batch")
	case kind != prowv1.PresubmitJob && kind != prowv1.BatchJob && len(c.Pulls) > 0:
		return fmt.Errorf("%q is a %s, which runs on no pull request: leave out the --pull flags", j.Base().Name, kind)
	}
	return nil
}

func (c *Code) every(has func(Pull) bool) bool {
	for _, p := range c.Pulls {
		if !has(p) {
			return false
		}
	}
	return true
}

// orLive says how to do with fewer flags.
func orLive(kind prowv1.ProwJobType, j jobs.Any) string {
	if !isGitHub(j.Repo) {
		return ""
	}
	if kind == prowv1.PostsubmitJob {
		return ", or a --github flag such as --github-token-path, to have the rest from GitHub"
	}
	return ", or --pull-number and a --github flag such as --github-token-path, to have the rest from GitHub"
}

// listed is "a, b and c".
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
