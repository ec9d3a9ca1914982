// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// members is what trust is decided by.
type members interface {
	BotUser(ctx context.Context) (github.User, error)
	IsMember(ctx context.Context, org, login string) (bool, error)
	IsCollaborator(ctx context.Context, repo github.Repo, login string) (bool, error)
}

// trustsUser reports whether the user may start jobs in the repository, and
// have others' pulls tested.
func (t trigger) trustsUser(ctx context.Context, c plugins.Trigger, repo github.Repo, login string) (bool, error) {
	if slices.ContainsFunc(c.TrustedApps, func(app string) bool { return login == app+"[bot]" }) {
		return true, nil
	}
	if bot, err := t.isBot(ctx, login); bot || err != nil {
		return bot, err
	}
	member, err := t.gh.IsMember(ctx, repo.Org, login)
	if member || err != nil {
		return member, err
	}
	if !c.OnlyOrgMembers {
		collaborator, err := t.gh.IsCollaborator(ctx, repo, login)
		if collaborator || err != nil {
			return collaborator, err
		}
	}
	if c.TrustedOrg == "" || c.TrustedOrg == repo.Org {
		return false, nil
	}
	return t.gh.IsMember(ctx, c.TrustedOrg, login)
}

// isBot reports whether the login is our own. An app's is "name[bot]"; the user
// "name" is somebody else.
func (t trigger) isBot(ctx context.Context, login string) (bool, error) {
	bot, err := t.gh.BotUser(ctx)
	if err != nil {
		return false, err
	}
	return strings.EqualFold(login, bot.Login), nil
}

// trustsPull reports whether the pull with the labels is tested without being
// asked for: a trusted user has said that it is ok to test, or is its author.
func (t trigger) trustsPull(ctx context.Context, c plugins.Trigger, pull github.Issue, author string, labels github.Labels) (bool, error) {
	if labels.Has(okToTestLabel) {
		return true, nil
	}
	trusted, err := t.trustsUser(ctx, c, pull.Repository(), author)
	if err != nil {
		return false, fmt.Errorf("deciding whether %s, the author of %v, is trusted: %w", author, pull, err)
	}
	return trusted, nil
}
