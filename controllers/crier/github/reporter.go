// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"fmt"
	"slices"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	githubapi "github.com/cutwater-ci/cutwater/internal/github"
)

// Name is the reporter's key in status.prev_report_states.
const Name = "github-reporter"

// client is what the reporter needs of GitHub.
type client interface {
	comments
	CreateStatus(ctx context.Context, repo githubapi.Repo, sha string, status githubapi.Status) error
}

type comments interface {
	BotUser(ctx context.Context) (githubapi.User, error)
	Comments(ctx context.Context, issue githubapi.Issue) ([]githubapi.Comment, error)
	CreateComment(ctx context.Context, issue githubapi.Issue, body string) (githubapi.Comment, error)
	EditComment(ctx context.Context, repo githubapi.Repo, id int64, body string) error
	DeleteComment(ctx context.Context, repo githubapi.Repo, id int64) error
}

// index finds runs by what they have in common.
type index interface {
	ByIndex(index, key string) ([]any, error)
}

// Reporter reports to GitHub.
type Reporter struct {
	github   client
	jobs     index
	settings func() Settings
	statuses locks
	pulls    locks
}

// NewReporter returns a reporter that acts through gh; jobs are the runs, with
// the indexes of Indexers, and settings gives the configuration of the moment.
func NewReporter(gh client, jobs index, settings func() Settings) *Reporter {
	return &Reporter{github: gh, jobs: jobs, settings: settings}
}

// Name is the reporter's key in status.prev_report_states.
func (r *Reporter) Name() string { return Name }

// ShouldReport says whether the run's state is for GitHub.
func (r *Reporter) ShouldReport(pj *prowv1.ProwJob) bool { return r.settings().tells(pj) }

// Report sets the run's status and, when it has ended, brings the comment of
// its pull up to date; neither, when a newer run has taken its place.
func (r *Reporter) Report(ctx context.Context, pj *prowv1.ProwJob) error {
	settings := r.settings()
	if !settings.reports(pj) {
		return nil
	}
	refs := pj.Spec.Refs
	repo := githubapi.Repo{Org: refs.Org, Name: refs.Repo}
	if told, err := r.setStatus(ctx, settings, pj, repo); !told || err != nil {
		return err
	}
	if !pj.Complete() || len(refs.Pulls) != 1 || names(settings.NoCommentRepos, refs) {
		return nil
	}
	return r.comment(ctx, settings, pj, repo.Issue(refs.Pulls[0].Number))
}

// setStatus sets the run's status and reports whether it did: not, when it is
// outdated or hopeless. One run at a time sets a status, so that the newest has the last word.
func (r *Reporter) setStatus(ctx context.Context, settings Settings, pj *prowv1.ProwJob, repo githubapi.Repo) (bool, error) {
	sha, status, err := statusOf(pj)
	if err != nil {
		return false, err
	}
	unlock, err := r.statuses.lock(ctx, statusKey(pj))
	if err != nil {
		return false, err
	}
	defer unlock()
	if outdated, err := r.outdated(pj, settings); outdated || err != nil {
		return false, err
	}
	err = r.github.CreateStatus(ctx, repo, sha, status)
	if hopeless(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("setting status %s of %v@%s: %w", status.Context, repo, sha, err)
	}
	return true, nil
}

// hopeless says whether a status can never be set: the commit has had too many
// of them, or is no longer there after a forced push.
func hopeless(err error) bool {
	return githubapi.IsTooManyStatuses(err) || githubapi.IsNoCommit(err) || githubapi.IsNotFound(err)
}

// comment brings the comment of the pull up to date. One run at a time does it,
// since the comment is read, changed and written back.
func (r *Reporter) comment(ctx context.Context, settings Settings, pj *prowv1.ProwJob, pull githubapi.Issue) error {
	unlock, err := r.pulls.lock(ctx, pull.String())
	if err != nil {
		return err
	}
	defer unlock()

	runs := []*prowv1.ProwJob{pj}
	announce := names(settings.SummaryCommentRepos, pj.Spec.Refs)
	if announce {
		if runs, err = r.ended(pj); err != nil {
			return err
		}
	}
	return r.tell(ctx, settings, pull, runs, announce)
}

// tell makes the comment of the pull tell of those runs that have ended.
func (r *Reporter) tell(ctx context.Context, settings Settings, pull githubapi.Issue, runs []*prowv1.ProwJob, announce bool) error {
	runs = slices.DeleteFunc(slices.Clone(runs), func(run *prowv1.ProwJob) bool {
		return !run.Complete() || !settings.reports(run) || len(run.Spec.Refs.Pulls) != 1
	})
	if len(runs) == 0 {
		return nil
	}
	bot, err := r.github.BotUser(ctx)
	if err != nil {
		return fmt.Errorf("asking who we are: %w", err)
	}
	all, err := r.github.Comments(ctx, pull)
	if err != nil {
		return fmt.Errorf("reading comments of %v: %w", pull, err)
	}
	changes, err := planComment(ownComments(all, bot.Login), runs, settings.template(runs[0].Spec.Refs), announce)
	if err != nil {
		return fmt.Errorf("reporting on %v: %w", pull, err)
	}
	for _, c := range changes {
		if err := r.do(ctx, pull, c); err != nil {
			return err
		}
	}
	return nil
}

// do carries out one change.
func (r *Reporter) do(ctx context.Context, pull githubapi.Issue, c change) error {
	switch {
	case c.id == 0:
		if _, err := r.github.CreateComment(ctx, pull, c.body); err != nil {
			return fmt.Errorf("commenting on %v: %w", pull, err)
		}
	case c.body == "":
		if err := r.github.DeleteComment(ctx, pull.Repository(), c.id); err != nil && !githubapi.IsNotFound(err) {
			return fmt.Errorf("deleting comment %d of %v: %w", c.id, pull, err)
		}
	default:
		if err := r.github.EditComment(ctx, pull.Repository(), c.id, c.body); err != nil {
			return fmt.Errorf("editing comment %d of %v: %w", c.id, pull, err)
		}
	}
	return nil
}
