// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"context"
	"fmt"

	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// plan is what a change of a pull calls for.
type plan struct {
	// abort ends the pull's unfinished presubmits.
	abort bool
	// build says whose pulls get their automatic presubmits.
	build buildFor
	// greet explains to the author of a new pull why nothing is built.
	greet bool
}

// buildFor says whose pulls are built.
type buildFor int

const (
	nobody buildFor = iota
	trustedAuthors
	trustedPulls
	untrustedPulls
	everybody
)

// planFor decides by the event alone. fromBot says that we caused it ourselves.
func planFor(e plugin.PullRequest, fromBot bool) plan {
	switch e.Action {
	case "opened":
		return plan{build: trustedAuthors, greet: true}
	case "reopened", "ready_for_review":
		return plan{build: trustedPulls}
	case "edited":
		if e.BaseChanged() {
			return plan{build: trustedPulls}
		}
	case "synchronize":
		return plan{abort: true, build: trustedPulls}
	case "labeled":
		switch {
		case e.Label == lgtmLabel:
			// A reviewer looked at it: that is worth one run without /ok-to-test.
			return plan{build: untrustedPulls}
		case e.Label == okToTestLabel && !fromBot:
			return plan{build: everybody}
		}
	case "closed", "converted_to_draft":
		return plan{abort: true}
	}
	return plan{}
}

// onPullRequest runs a pull's automatic presubmits when it is new or changed,
// and ends those that have become pointless.
func (t trigger) onPullRequest(ctx context.Context, e plugin.PullRequest) error {
	fromBot, err := t.isBot(ctx, e.Sender.Login)
	if err != nil {
		return err
	}
	todo := planFor(e, fromBot)
	if todo == (plan{}) {
		return nil
	}
	if err := isSignedFor(e); err != nil {
		return err
	}
	p := t.pullIn(e)
	if todo.build == nobody { // ending runs takes no jobs, and no merge to find them
		return t.follow(ctx, e, p, todo)
	}
	all, err := p.jobs(ctx)
	if err != nil {
		return err
	}
	if len(all.presubmits) == 0 && all.mistake == nil {
		return nil
	}
	return all.finished(t.follow(ctx, e, p, todo))
}

// isSignedFor holds the pull's base, which is what is cloned and reported on,
// against the repository whose secret signed the webhook: one who has a secret
// of their own must not start runs on the repository of another.
func isSignedFor(e plugin.PullRequest) error {
	if base := e.Pull.Base.Repo; base != (github.Repo{}) && base != e.Repo.Repo {
		return event.Permanent(fmt.Errorf("the webhook is of %v, but its pull is to be merged into %v", e.Repo.Repo, base))
	}
	return nil
}

// follow does what the plan says.
func (t trigger) follow(ctx context.Context, e plugin.PullRequest, p *pull, todo plan) error {
	if todo.abort {
		if late, err := p.superseded(ctx); late || err != nil {
			return err
		}
		if err := t.abort(ctx, e); err != nil {
			return err
		}
	}
	config := e.Plugins.TriggerFor(e.Repo.Org, e.Repo.Name)
	build, err := t.builds(ctx, e, config, todo.build)
	if err != nil {
		return err
	}
	switch {
	case todo.greet && !build:
		return t.welcome(ctx, e, config)
	case todo.greet && e.Pull.Draft:
		return t.gh.CreateCommentOnce(ctx, p.issue, draftNotice, e.Time)
	case !build || e.Pull.Draft:
		return nil
	}
	if late, err := p.superseded(ctx); late || err != nil {
		return err
	}
	chosen, err := p.automatic(ctx)
	if err != nil {
		return err
	}
	return p.run(ctx, chosen, nil)
}

// builds decides whether the pull is built, and clears the label of one that no
// longer waits for it.
func (t trigger) builds(ctx context.Context, e plugin.PullRequest, c plugins.Trigger, build buildFor) (bool, error) {
	switch build {
	case everybody:
		return true, nil
	case trustedAuthors:
		return t.trustsUser(ctx, c, e.Repo.Repo, e.Pull.Author.Login)
	case trustedPulls, untrustedPulls:
		// The event's own labels may be out of date, and permission withdrawn since.
		labels, err := t.gh.Labels(ctx, e.Pull.Issue())
		if err != nil {
			return false, err
		}
		trusted, err := t.trustsPull(ctx, c, e.Pull.Issue(), e.Pull.Author.Login, labels)
		if err != nil {
			return false, err
		}
		if build == untrustedPulls {
			return !trusted, nil
		}
		if trusted && labels.Has(needsOKToTestLabel) {
			return true, t.gh.RemoveLabel(ctx, e.Pull.Issue(), needsOKToTestLabel)
		}
		return trusted, nil
	case nobody:
	}
	return false, nil
}
