// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"context"
	"errors"
	"fmt"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	"github.com/cutwater-ci/cutwater/internal/github"
	triggers "github.com/cutwater-ci/cutwater/triggers/jobs"
)

// What the bot answers.
const (
	untrustedPull = "Cannot trigger testing until a trusted user reviews the PR and leaves an `/ok-to-test` message."
	// untrustedForever is for repositories in which nobody can make a pull trusted.
	untrustedForever = "Cannot trigger testing: in this repository only trusted users may start tests, and `/ok-to-test` has no effect."
	untrustedRevoke  = "Only trusted users can revoke `/ok-to-test`."
)

// labeler reads and sets labels.
type labeler interface {
	Labels(ctx context.Context, issue github.Issue) (github.Labels, error)
	AddLabel(ctx context.Context, issue github.Issue, label string) error
	RemoveLabel(ctx context.Context, issue github.Issue, label string) error
}

// commenter answers people.
type commenter interface {
	CreateCommentOnce(ctx context.Context, issue github.Issue, body string, since time.Time) error
	Comments(ctx context.Context, issue github.Issue) ([]github.Comment, error)
	DeleteComment(ctx context.Context, repo github.Repo, id int64) error
}

// onComment obeys the commands in a new comment on an open pull.
func (t trigger) onComment(ctx context.Context, c plugin.Comment) error {
	if c.Action != plugin.Created || !c.IsPull || c.IssueState != "open" {
		return nil
	}
	if bot, err := t.isBot(ctx, c.Author.Login); bot || err != nil {
		return err
	}
	p := t.pullOf(c)
	all, err := p.jobs(ctx)
	if err != nil {
		return err
	}
	asked := read(plugin.WithoutCode(c.Body), all.presubmits)
	if !asked.anything {
		return nil
	}

	config := c.Plugins.TriggerFor(c.Repo.Org, c.Repo.Name)
	trusted, err := t.trustsUser(ctx, config, c.Repo.Repo, c.Author.Login)
	if err != nil {
		return fmt.Errorf("deciding whether %s is trusted: %w", c.Author.Login, err)
	}
	labels, err := t.gh.Labels(ctx, c.Issue())
	if err != nil {
		return err
	}
	if !trusted {
		pullTrusted, err := t.trustsPull(ctx, config, c.Issue(), c.IssueAuthor.Login, labels)
		if err != nil {
			return err
		}
		if !pullTrusted {
			return t.reply(ctx, c, refusal(config.IgnoreOkToTest))
		}
	}
	if config.IgnoreOkToTest {
		asked.okToTest, asked.revoke = false, false
	}
	revokes := asked.revoke && trusted
	if err := t.relabel(ctx, c.Issue(), relabel(asked, revokes, labels)); err != nil {
		return err
	}
	switch {
	case revokes:
		return nil
	case asked.revoke:
		return t.reply(ctx, c, untrustedRevoke)
	}
	return all.finished(t.runAsked(ctx, c, p, asked, config.TriggerGitHubWorkflows))
}

// runAsked starts what the comment asks for, or explains what could be asked
// for. What goes wrong with GitHub's workflows does not keep jobs from starting.
func (t trigger) runAsked(ctx context.Context, c plugin.Comment, p *pull, asked request, withWorkflows bool) error {
	var failed error
	if withWorkflows && asked.okToTest {
		failed = t.approveWorkflows(ctx, p)
	}
	chosen, err := p.chosenBy(ctx, c.Body, asked.okToTest)
	if err != nil {
		return errors.Join(failed, err)
	}
	if note, wanted := triggers.NeedsHelp(asked.text, len(chosen)); wanted {
		return errors.Join(failed, t.explain(ctx, c, p, note))
	}
	if withWorkflows && asked.workflows {
		failed = errors.Join(failed, t.rerunWorkflows(ctx, p))
	}
	return errors.Join(failed, t.runChosen(ctx, p, asked, chosen))
}

// explain answers with what can be asked for on the pull.
func (t trigger) explain(ctx context.Context, c plugin.Comment, p *pull, note string) error {
	text, err := p.helpText(ctx)
	if err != nil {
		return err
	}
	return t.reply(ctx, c, note+text)
}

// runChosen starts the jobs; the comment that chose them makes older help pointless.
func (t trigger) runChosen(ctx context.Context, p *pull, asked request, chosen []jobs.Presubmit) error {
	var failed error
	if asked.tests {
		failed = t.pruneHelp(ctx, p.issue)
	}
	var labels map[string]string
	if asked.retest {
		labels = map[string]string{prowv1.RetestLabel: "true"}
	}
	return errors.Join(failed, p.run(ctx, chosen, labels))
}

func refusal(ignoreOKToTest bool) string {
	if ignoreOKToTest {
		return untrustedForever
	}
	return untrustedPull
}

func (t trigger) reply(ctx context.Context, c plugin.Comment, text string) error {
	return t.gh.CreateCommentOnce(ctx, c.Issue(), c.Reply(text), c.Time)
}

// change is a label to add or to remove.
type change struct {
	label string
	add   bool
}

// relabel returns what the commands change in the labels of a pull that is, or
// by them becomes, trusted, or whose trust a trusted user revokes.
func relabel(asked request, revokes bool, labels github.Labels) []change {
	var changes []change
	set := func(label string, add bool) {
		if labels.Has(label) != add {
			changes = append(changes, change{label, add})
		}
	}
	switch {
	case revokes:
		set(okToTestLabel, false)
		set(needsOKToTestLabel, true)
	case asked.okToTest:
		set(okToTestLabel, true)
		set(needsOKToTestLabel, false)
	case labels.Has(okToTestLabel):
		set(needsOKToTestLabel, false)
	}
	return changes
}

func (t trigger) relabel(ctx context.Context, issue github.Issue, changes []change) error {
	for _, c := range changes {
		act := t.gh.RemoveLabel
		if c.add {
			act = t.gh.AddLabel
		}
		if err := act(ctx, issue, c.label); err != nil {
			return err
		}
	}
	return nil
}
