// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	"github.com/cutwater-ci/cutwater/internal/github"
	triggers "github.com/cutwater-ci/cutwater/triggers/jobs"
)

const (
	trustedMembers  = "Members of the trusted organization for the repo."
	anyoneOnTrusted = "Anyone can trigger this command on a trusted PR."
)

// help explains the plugin; the words are Prow's, which deck's page shows.
func help() plugin.Help {
	return plugin.Help{
		Description: strings.Join([]string{
			"The trigger plugin starts jobs in reaction to various events.",
			"Presubmit jobs are run automatically on pull requests that are trusted and not in a draft state with file changes matching the file filters and targeting a branch matching the branch filters.",
			"A pull request is considered trusted if the author is a member of the 'trusted organization' for the repository or if such a member has left an '/ok-to-test' command on the PR.",
			"Trusted status granted by '/ok-to-test' can be revoked by a trusted user with '/ok-to-test cancel', which restores the 'needs-ok-to-test' label.",
			"Trigger will not automatically start jobs for a PR in draft state, and if a PR is changed to draft it cancels pending jobs.",
			"If jobs are not run automatically for a PR because it is not trusted or is in draft state, a trusted user can still start jobs manually via the '/test' command.",
			"The '/retest' command can be used to rerun jobs that have reported failure.",
			"The '/test-manual-required' command can be used to start required manually triggered presubmit jobs.",
			"Trigger starts postsubmit jobs when commits are pushed if the filters on the job match files and branches affected by that push.",
		}, "\n<br>"),
		Config: trustedOrgs,
		Snippet: "triggers:\n" +
			"    - ignore_ok_to_test: true\n" +
			"      join_org_url: https://github.com/kubernetes/community/blob/master/community-membership.md\n" +
			"      only_org_members: true\n" +
			"      org_invite:\n" +
			"        prominent: {}\n" +
			"      repos:\n" +
			"        - org/repo1\n" +
			"        - org/repo2\n",
	}
}

// trustedOrgs says, for each repository, whose members are trusted.
func trustedOrgs(c *plugins.Configuration, repos []github.Repo) map[string]string {
	said := map[string]string{}
	for _, r := range repos {
		org := cmp.Or(c.TriggerFor(r.Org, r.Name).TrustedOrg, r.Org)
		said[r.String()] = fmt.Sprintf("The trusted GitHub organization for this repository is %q.", org)
	}
	return said
}

func commands() []plugin.Command {
	return []plugin.Command{{
		Usage:       "/ok-to-test",
		Description: "Marks a PR as 'trusted' and starts tests.",
		Examples:    []string{"/ok-to-test"},
		WhoCanUse:   trustedMembers,
		Match:       triggers.IsOkToTest,
	}, {
		Usage:       "/ok-to-test cancel",
		Description: "Revokes trusted status previously granted by '/ok-to-test', removing the 'ok-to-test' label and restoring 'needs-ok-to-test'.",
		Examples:    []string{"/ok-to-test cancel"},
		WhoCanUse:   trustedMembers,
		Match:       triggers.IsOkToTestCancel,
	}, {
		Usage:       "/test [<job name>|all]",
		Featured:    true,
		Description: "Manually starts a/all automatically triggered test job(s). Lists all possible job(s) when no jobs/an invalid job are specified.",
		Examples:    []string{"/test all", "/test pull-bazel-test"},
		WhoCanUse:   anyoneOnTrusted,
		Match:       triggers.MentionsCommand,
	}, {
		Usage:       "/retest",
		Featured:    true,
		Description: "Rerun test jobs that have failed.",
		Examples:    []string{"/retest"},
		WhoCanUse:   anyoneOnTrusted,
		Match:       triggers.IsRetest,
	}, {
		Usage:       "/test-manual-required",
		Featured:    true,
		Description: "Manually starts required presubmit jobs that require an explicit trigger and do not use file change conditions.",
		Examples:    []string{"/test-manual-required"},
		WhoCanUse:   anyoneOnTrusted,
		Match:       triggers.IsTestManualRequired,
	}, {
		Usage:       "/test ?",
		Featured:    true,
		Description: "List available test job(s) for a trusted PR.",
		Examples:    []string{"/test ?"},
		WhoCanUse:   anyoneOnTrusted,
		Match:       triggers.IsHelp,
	}}
}

// helpText lists what may be asked for on the pull.
func (p *pull) helpText(ctx context.Context) (string, error) {
	all, err := p.jobs(ctx)
	if err != nil {
		return "", err
	}
	details, err := p.get(ctx)
	if err != nil {
		return "", err
	}
	available, err := triggers.AvailableFor(all.presubmits, details.Base.Ref, p.changes(ctx))
	if err != nil {
		return "", err
	}
	return available.HelpText(p.repo().String(), details.Base.Ref), nil
}

// pruneHelp deletes the bot's explanations of commands: the user has found the right one.
func (t trigger) pruneHelp(ctx context.Context, issue github.Issue) error {
	comments, err := t.gh.Comments(ctx, issue)
	if err != nil {
		return err
	}
	for _, c := range comments {
		if !isHelp(c.Body) {
			continue
		}
		bot, err := t.isBot(ctx, c.Author.Login)
		if err != nil {
			return err
		}
		if !bot {
			continue
		}
		if err := t.gh.DeleteComment(ctx, issue.Repository(), c.ID); err != nil {
			return err
		}
	}
	return nil
}

// isHelp recognizes the help that is given to those who did not ask for it.
func isHelp(body string) bool {
	return slices.ContainsFunc([]string{
		triggers.TestWithoutTargetNote, triggers.RetestWithTargetNote, triggers.TargetNotFoundNote, triggers.NothingToTestNote,
	}, func(note string) bool { return strings.Contains(body, note) })
}
