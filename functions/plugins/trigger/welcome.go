// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"

	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
)

// draftNotice is for the trusted author of a new draft.
const draftNotice = "Skipping CI for Draft Pull Request.\n" +
	"If you want CI signal for your change, please convert it to an actual PR.\n" +
	"You can still manually trigger a test run with `/test all`"

// searcher counts an author's merged pulls.
type searcher interface {
	CountIssues(ctx context.Context, org, query string) (int, error)
}

// welcome explains to the untrusted author of a new pull what it waits for.
func (t trigger) welcome(ctx context.Context, e plugin.PullRequest, c plugins.Trigger) error {
	issue := e.Pull.Issue()
	if c.IgnoreOkToTest {
		return t.gh.CreateCommentOnce(ctx, issue, welcomeUntestable(e), e.Time)
	}
	labels, err := t.gh.Labels(ctx, issue)
	if err != nil {
		return err
	}
	if !labels.Has(okToTestLabel) && !labels.Has(needsOKToTestLabel) {
		if err := t.gh.AddLabel(ctx, issue, needsOKToTestLabel); err != nil {
			return err
		}
	}
	return t.gh.CreateCommentOnce(ctx, issue, welcomeWaiting(e, c, t.invitation(ctx, e, c)), e.Time)
}

func welcomeUntestable(e plugin.PullRequest) string {
	return greeting(e, "PRs from untrusted users cannot be marked as trusted with `/ok-to-test` in this repo meaning untrusted PR authors can never trigger tests themselves. "+
		"Collaborators can still trigger tests on the PR using `/test all`.")
}

func welcomeWaiting(e plugin.PullRequest, c plugins.Trigger, invitation string) string {
	trustedOrg := ""
	if c.TrustedOrg != "" && c.TrustedOrg != e.Repo.Org {
		trustedOrg = fmt.Sprintf("or [%[1]s](https://github.com/orgs/%[1]s/people) ", c.TrustedOrg)
	}
	return greeting(e, fmt.Sprintf("I'm waiting for a [%[1]s](https://github.com/orgs/%[1]s/people) %[2]smember to verify that this patch is reasonable to test. "+
		"If it is, they should reply with `/ok-to-test` on its own line. "+
		"Until that is done, I will not automatically test new commits in this PR, but the usual testing commands by org members will still work.\n\n"+
		"%[3]s\n\nOnce the patch is verified, the new status will be reflected by the `%[4]s` label.",
		e.Repo.Org, trustedOrg, invitation, okToTestLabel))
}

func greeting(e plugin.PullRequest, text string) string {
	return fmt.Sprintf("Hi @%s. Thanks for your PR.\n\n%s\n\n"+
		"I understand the commands that are listed [here](https://go.k8s.io/bot-commands?repo=%s).\n\n<details>\n\n%s\n</details>\n",
		e.Pull.Author.Login, text, url.QueryEscape(e.Repo.String()), plugin.AboutBot)
}

// invitation tells how to join the org, with more emphasis to those who have
// contributed several times.
func (t trigger) invitation(ctx context.Context, e plugin.PullRequest, c plugins.Trigger) string {
	link := cmp.Or(c.JoinOrgURL, fmt.Sprintf("https://github.com/orgs/%s/people", e.Repo.Org))
	tip := prominent(c)
	if tip.Disabled || !t.contributesOften(ctx, e, *tip.MergedPRThreshold) {
		return fmt.Sprintf("Regular contributors should [join the org](%s) to skip this step.", link)
	}
	if tip.Message != "" {
		return strings.ReplaceAll(tip.Message, "{join_org_url}", link)
	}
	return fmt.Sprintf(">[!TIP]\n>**We noticed you've done this a few times! Consider [joining the org](%s) to skip this step and gain `/lgtm` and other bot rights.** "+
		"We recommend asking approvers on your previous PRs to sponsor you.", link)
}

// prominent returns the settings of the tip, with their defaults.
func prominent(c plugins.Trigger) plugins.ProminentInvite {
	var tip plugins.ProminentInvite
	if c.OrgInvite != nil && c.OrgInvite.Prominent != nil {
		tip = *c.OrgInvite.Prominent
	}
	if tip.MergedPRThreshold == nil {
		three := 3
		tip.MergedPRThreshold = &three
	}
	return tip
}

// contributesOften reports whether the author is a person with that many merged
// pulls in the org. A welcome does not fail for want of the number.
func (t trigger) contributesOften(ctx context.Context, e plugin.PullRequest, threshold int) bool {
	author := e.Pull.Author
	if author.Type == "Bot" || strings.HasSuffix(author.Login, "[bot]") {
		return false
	}
	if threshold <= 0 {
		return true
	}
	merged, err := t.gh.CountIssues(ctx, e.Repo.Org, fmt.Sprintf("type:pr is:merged org:%s author:%s", e.Repo.Org, author.Login))
	if err != nil {
		logging.FromContext(ctx).Warnw("cannot count the author's merged pulls", "pull", e.Pull.Issue().String(), "error", err)
		return false
	}
	return merged >= threshold
}
