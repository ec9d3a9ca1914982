// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"time"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/plugins"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

// Event is what a plugin is told besides the webhook.
type Event struct {
	// Config and Plugins are the configuration in force for this event.
	Config  *config.Config
	Plugins *plugins.Configuration
	// Time is when it happened, by GitHub's clock: a comment of ours that is younger
	// may be an answer to this very event, made before it was delivered again.
	Time time.Time
}

// Actions of a [Comment].
const (
	Created = webhook.ActionCreated
	Edited  = webhook.ActionEdited
	Deleted = webhook.ActionDeleted
)

// Comment is text that a user wrote, edited or deleted, wherever it was written.
type Comment struct {
	Event
	webhook.GenericComment
}

// PullRequest is a change of a pull.
type PullRequest struct {
	Event
	webhook.PullRequestEvent
}

// BaseChanged reports whether an edit changed what the pull is to be merged into.
func (e PullRequest) BaseChanged() bool { return e.Changes.BaseRef != "" || e.Changes.BaseSHA != "" }

// Issue is a change of an issue that is not a pull.
type Issue struct {
	Event
	webhook.IssuesEvent
}

// Review is a review that was submitted, edited or dismissed.
type Review struct {
	Event
	webhook.ReviewEvent
}

// Push is a branch or tag that was made, moved or deleted.
type Push struct {
	Event
	webhook.PushEvent
}

// Status is a commit status that was set.
type Status struct {
	Event
	webhook.StatusEvent
}
