// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"time"

	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

// Call is a plugin's function with the event it is for.
type Call func(context.Context) error

// Calls returns what p wants called about a webhook, as webhook.Decode returned
// it: the function for its kind, and the one for what somebody wrote by it.
func (p Plugin) Calls(e Event, payload any) []Call {
	var calls []Call
	add := func(call Call) {
		if call != nil {
			calls = append(calls, call)
		}
	}
	add(p.own(e, payload))
	if c := webhook.Generic(payload); c != nil && p.OnComment != nil {
		add(func(ctx context.Context) error { return p.OnComment(ctx, Comment{e, *c}) })
	}
	return calls
}

// own returns the function for this very kind of event, or nil.
func (p Plugin) own(e Event, payload any) Call {
	switch w := payload.(type) {
	case *webhook.IssuesEvent:
		if p.OnIssue != nil {
			return func(ctx context.Context) error { return p.OnIssue(ctx, Issue{e, *w}) }
		}
	case *webhook.PullRequestEvent:
		if p.OnPullRequest != nil {
			return func(ctx context.Context) error { return p.OnPullRequest(ctx, PullRequest{e, *w}) }
		}
	case *webhook.ReviewEvent:
		if p.OnReview != nil {
			return func(ctx context.Context) error { return p.OnReview(ctx, Review{e, *w}) }
		}
	case *webhook.PushEvent:
		if p.OnPush != nil {
			return func(ctx context.Context) error { return p.OnPush(ctx, Push{e, *w}) }
		}
	case *webhook.StatusEvent:
		if p.OnStatus != nil {
			return func(ctx context.Context) error { return p.OnStatus(ctx, Status{e, *w}) }
		}
	}
	return nil
}

// TimeOf returns when what a webhook tells of happened, by GitHub's clock. Where
// GitHub does not say, it is a little before we received it, since clocks differ.
func TimeOf(payload any, received time.Time) time.Time {
	var at time.Time
	switch w := payload.(type) {
	case *webhook.PullRequestEvent:
		at = w.Pull.UpdatedAt
	case *webhook.IssuesEvent:
		at = w.Issue.UpdatedAt
	case *webhook.ReviewEvent:
		at = w.Review.SubmittedAt
	default:
		if c := webhook.Generic(payload); c != nil {
			at = c.CreatedAt
		}
	}
	if at.IsZero() && !received.IsZero() {
		return received.Add(-time.Minute)
	}
	return at
}

// ActionOf returns the webhook's action, or "none".
func ActionOf(payload any) string {
	switch w := payload.(type) {
	case *webhook.IssuesEvent:
		return w.Action
	case *webhook.IssueCommentEvent:
		return w.Action
	case *webhook.PullRequestEvent:
		return w.Action
	case *webhook.ReviewEvent:
		return w.Action
	case *webhook.ReviewCommentEvent:
		return w.Action
	}
	return "none"
}
