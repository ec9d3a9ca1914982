// SPDX-License-Identifier: Apache-2.0

// Package triggers names what starts things: the types of events and the attributes
// that a Knative Trigger may filter on.
//
// Its subfolders decide: triggers/github makes an event of a webhook, triggers/jobs
// says which jobs an event starts. In Prow: nothing; events stay within hook.
package triggers

import "strings"

// githubPrefix begins the type of every event that GitHub sent; the names are those
// of Knative's GitHub source.
const githubPrefix = "dev.knative.source.github."

// TypeSweep is the event that makes functions/hook send unfinished deliveries again.
const TypeSweep = "dev.knative.sources.ping"

// Extension attributes of an event that GitHub sent. Each is absent when it has no
// value.
const (
	// Action is what happened: "opened", "created", ...
	Action = "action"
	// Org is the login of the organization or user.
	Org = "org"
	// Repo is the repository's name, without its org.
	Repo = "repo"
	// Number is the or pull's number.
	Number = "number"
	// Sender is the login of who caused the event.
	Sender = "sender"
	// Command holds the slash commands of a comment: their names, in lower case,
	// without the slash, separated by a space.
	Command = "command"
	// Signature is the X-Hub-Signature-256 of the data, to check it again.
	Signature = "githubsignature"
	// DataRef stands for data too large for brokers: the key in the bucket of the
	// delivery's request.
	DataRef = "dataref"
)

// Type returns the type of events for GitHub's event, such as "issue_comment".
func Type(event string) string { return githubPrefix + event }

// GitHubEvent returns GitHub's name of an event's type; ok is false when it is not
// from GitHub.
func GitHubEvent(eventType string) (event string, ok bool) {
	return strings.CutPrefix(eventType, githubPrefix)
}
