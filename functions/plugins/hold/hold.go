// SPDX-License-Identifier: Apache-2.0

// Package hold implements /hold and /unhold, which set and clear the
// do-not-merge/hold label that keeps a pull request out of the merge pool.
//
// Starts on: a new comment, review or pull request body. Changes: one label.
// Config: none. In Prow: plugin "hold".
package hold

import (
	"context"
	"regexp"

	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	"github.com/cutwater-ci/cutwater/internal/github"
)

const label = "do-not-merge/hold"

var (
	holdLine   = regexp.MustCompile(`(?mi)^/hold(\s.*)?$`)
	unholdLine = regexp.MustCompile(`(?mi)^/(remove-hold|hold\s+cancel|unhold)(\s.*)?$`)
)

// client is what hold needs of GitHub.
type client interface {
	Labels(ctx context.Context, issue github.Issue) (github.Labels, error)
	AddLabel(ctx context.Context, issue github.Issue, label string) error
	RemoveLabel(ctx context.Context, issue github.Issue, label string) error
}

// New returns the hold plugin, acting on GitHub through gh.
func New(gh client) plugin.Plugin {
	return plugin.Plugin{
		Name: "hold",
		Help: plugin.Help{
			Description: "The hold plugin allows anyone to add or remove the '" + label + "' Label from a pull request in order to temporarily prevent the PR from merging without withholding approval.",
		},
		Commands: []plugin.Command{{
			Usage:       "/[remove-][un]hold [cancel]",
			Description: "Adds or removes the `" + label + "` Label which is used to indicate that the PR should not be automatically merged.",
			Examples:    []string{"/hold", "/hold cancel", "/unhold", "/remove-hold"},
			WhoCanUse:   "Anyone can use the /hold command to add or remove the '" + label + "' Label.",
			Match:       func(text string) bool { return holdLine.MatchString(text) || unholdLine.MatchString(text) },
		}},
		OnComment: func(ctx context.Context, c plugin.Comment) error { return onComment(ctx, gh, c) },
	}
}

func onComment(ctx context.Context, gh client, c plugin.Comment) error {
	if c.Action != plugin.Created || !c.IsPull {
		return nil
	}
	unhold := unholdLine.MatchString(c.Body) // first, since "/hold cancel" is a /hold too
	if !unhold && !holdLine.MatchString(c.Body) {
		return nil
	}
	labels, err := gh.Labels(ctx, c.Issue())
	if err != nil {
		return err
	}
	switch held := labels.Has(label); {
	case unhold && held:
		return gh.RemoveLabel(ctx, c.Issue(), label)
	case !unhold && !held:
		return gh.AddLabel(ctx, c.Issue(), label)
	}
	return nil
}
