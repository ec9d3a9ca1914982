// SPDX-License-Identifier: Apache-2.0

package github

import "slices"

// AppPermission is a permission that Cutwater's GitHub App needs.
type AppPermission struct {
	// Name is GitHub's, as in a manifest: "pull_requests".
	Name string
	// Access is "read" or "write"; write includes read.
	Access string
	// Why says what it is for.
	Why string
}

// AppPermissions are all that Cutwater's GitHub App needs, and no more; the
// App's manifest asks for them and the doctor looks for them.
func AppPermissions() []AppPermission {
	return []AppPermission{
		{"actions", "write", "trigger approves and reruns workflow runs, where trigger_github_workflows is set"},
		{"checks", "write", "tide reads check runs before it merges; override replaces one that failed"},
		{"contents", "write", "hook's plugins read OWNERS and .prow.yaml, clonerefs clones private repositories, tide merges, branchcleaner deletes branches"},
		{"issues", "write", "plugins comment, label, assign, close and retitle issues"},
		{"members", "read", "who belongs to the org and its teams is trusted to start jobs"},
		{"metadata", "read", "GitHub demands it of every App: names, labels and collaborators of repositories"},
		{"pull_requests", "write", "plugins comment on, label and review pull requests, and ask for reviewers"},
		{"statuses", "write", "crier reports runs, skip and override settle contexts, tide says why a pull request waits"},
	}
}

// AppEvent is an event that Cutwater's GitHub App must be sent.
type AppEvent struct {
	// Name is GitHub's: "issue_comment".
	Name string
	// Why says who acts on it.
	Why string
}

// AppEvents are all events that Cutwater's GitHub App must be sent.
func AppEvents() []AppEvent {
	return []AppEvent{
		{"check_run", "tide learns that a check has ended"},
		{"issue_comment", "every /command"},
		{"issues", "/commands in the text of an issue, and policies on its labels"},
		{"pull_request", "presubmits start, and policies look at the pull request"},
		{"pull_request_review", "lgtm and approve count reviews; /commands in their text"},
		{"pull_request_review_comment", "/commands in a comment on a line"},
		{"push", "postsubmits start, and config-updater takes up a change"},
		{"status", "tide learns that a context has changed; cla and dco follow theirs"},
	}
}

// Lack is a permission that an App does not have as Cutwater needs it.
type Lack struct {
	AppPermission

	// Has is the access that it does have; empty is none.
	Has string
}

// LacksPermissions are those that Cutwater needs and are not among the granted,
// by name.
func LacksPermissions(granted map[string]string) []Lack {
	var lacks []Lack
	for _, p := range AppPermissions() {
		if has := granted[p.Name]; has != "admin" && has != "write" && has != p.Access {
			lacks = append(lacks, Lack{AppPermission: p, Has: has})
		}
	}
	return lacks
}

// LacksEvents are the names of those that Cutwater needs and are not sent.
func LacksEvents(sent []string) []string {
	var lacks []string
	for _, e := range AppEvents() {
		if !slices.Contains(sent, e.Name) && !slices.Contains(sent, "*") {
			lacks = append(lacks, e.Name)
		}
	}
	return lacks
}
