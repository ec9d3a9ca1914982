// SPDX-License-Identifier: Apache-2.0

// Package plugin is what the author of a plugin writes against: the struct to
// fill in, the events that arrive, commands and replies.
//
// It is started by functions/plugins, which finds the plugins enabled for an
// event's repository and calls their functions. It changes nothing itself. In
// Prow: the package "plugins" and the interface of its registry.
package plugin

import (
	"context"

	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// Plugin is a policy on repositories. Every function is optional; each may run
// for many events at once, and again for an event it has already seen: what it
// does must bear repeating. An error has the event delivered again, unless it is
// event.Permanent.
type Plugin struct {
	// Name is the one of plugins.yaml.
	Name string
	// Help explains the plugin.
	Help Help
	// Commands are what users write in comments.
	Commands []Command

	// OnComment runs for every text a user writes, edits or deletes: comments, and
	// the bodies of issues, pulls and reviews.
	OnComment func(context.Context, Comment) error
	// OnPullRequest runs when a pull changes: opened, labeled, synchronize, ...
	OnPullRequest func(context.Context, PullRequest) error
	// OnIssue runs when an issue changes.
	OnIssue func(context.Context, Issue) error
	// OnReview runs when a review is submitted, edited or dismissed.
	OnReview func(context.Context, Review) error
	// OnPush runs when a branch or tag is made, moved or deleted.
	OnPush func(context.Context, Push) error
	// OnStatus runs when a commit gets a status.
	OnStatus func(context.Context, Status) error
}

// Help explains a plugin, in /plugin-help and the documentation.
type Help struct {
	// Description says what the plugin does; "\n<br>" separates paragraphs.
	Description string
	// Config explains what the configuration means for each of the repositories
	// (whose Name is empty for a whole org). Nil means there is nothing to say.
	Config func(c *plugins.Configuration, repos []github.Repo) map[string]string
	// Snippet is an example of the plugin's part of plugins.yaml.
	Snippet string
}

// Events are the names of the events that p reacts to, as /plugin-help shows them.
func (p Plugin) Events() []string {
	var events []string
	for _, e := range []struct {
		name    string
		handled bool
	}{
		{"issues", p.OnIssue != nil},
		{"pull_request", p.OnPullRequest != nil},
		{"pull_request_review", p.OnReview != nil},
		{"push", p.OnPush != nil},
		{"status", p.OnStatus != nil},
		{"GenericCommentEvent (any event for user text)", p.OnComment != nil},
	} {
		if e.handled {
			events = append(events, e.name)
		}
	}
	return events
}
