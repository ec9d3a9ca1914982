// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/github"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

func TestPlanFor(t *testing.T) {
	for _, tc := range []struct {
		name    string
		event   webhook.PullRequestEvent
		fromBot bool
		want    plan
	}{
		{"opened", webhook.PullRequestEvent{Action: "opened"}, false, plan{build: trustedAuthors, greet: true}},
		{"reopened", webhook.PullRequestEvent{Action: "reopened"}, false, plan{build: trustedPulls}},
		{"ready", webhook.PullRequestEvent{Action: "ready_for_review"}, false, plan{build: trustedPulls}},
		{"pushed to", webhook.PullRequestEvent{Action: "synchronize"}, false, plan{abort: true, build: trustedPulls}},
		{"other title", webhook.PullRequestEvent{Action: "edited", Changes: webhook.Changes{Title: "before"}}, false, plan{}},
		{"other base", webhook.PullRequestEvent{Action: "edited", Changes: webhook.Changes{BaseRef: "main"}}, false, plan{build: trustedPulls}},
		{"other base commit", webhook.PullRequestEvent{Action: "edited", Changes: webhook.Changes{BaseSHA: "abc"}}, false, plan{build: trustedPulls}},
		{"lgtm", webhook.PullRequestEvent{Action: "labeled", Label: "lgtm"}, false, plan{build: untrustedPulls}},
		{"lgtm by the bot", webhook.PullRequestEvent{Action: "labeled", Label: "lgtm"}, true, plan{build: untrustedPulls}},
		{"ok-to-test", webhook.PullRequestEvent{Action: "labeled", Label: "ok-to-test"}, false, plan{build: everybody}},
		{"ok-to-test by the bot", webhook.PullRequestEvent{Action: "labeled", Label: "ok-to-test"}, true, plan{}},
		{"another label", webhook.PullRequestEvent{Action: "labeled", Label: "kind/bug"}, false, plan{}},
		{"unlabeled", webhook.PullRequestEvent{Action: "unlabeled", Label: "lgtm"}, false, plan{}},
		{"closed", webhook.PullRequestEvent{Action: "closed"}, false, plan{abort: true}},
		{"made a draft", webhook.PullRequestEvent{Action: "converted_to_draft"}, false, plan{abort: true}},
		{"assigned", webhook.PullRequestEvent{Action: "assigned"}, false, plan{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := planFor(plugin.PullRequest{PullRequestEvent: tc.event}, tc.fromBot)
			if got != tc.want {
				t.Errorf("planFor = %+v, want %+v", got, tc.want)
			}
		})
	}
}

// A webhook is signed for one repository, and its pull must be one of it.
func TestIsSignedFor(t *testing.T) {
	own, other := github.Repo{Org: "org", Name: "repo"}, github.Repo{Org: "victim", Name: "repo"}
	for base, want := range map[github.Repo]bool{own: true, other: false, {Org: "org", Name: "other"}: false} {
		e := plugin.PullRequest{PullRequestEvent: webhook.PullRequestEvent{Action: "opened", Repo: webhook.Repository{Repo: own}}}
		e.Pull.Org, e.Pull.Repo, e.Pull.Base.Repo = own.Org, own.Name, base
		if err := isSignedFor(e); (err == nil) != want || (err != nil && !event.IsPermanent(err)) {
			t.Errorf("base %v: got %v, want a permanent error: %v", base, err, !want)
		}
	}
}

func TestRelabel(t *testing.T) {
	for _, tc := range []struct {
		name      string
		asked     request
		untrusted bool
		labels    github.Labels
		want      []change
	}{
		{"nothing to do", request{tests: true}, false, nil, nil},
		{"waits on", request{tests: true}, false, github.Labels{"needs-ok-to-test"}, nil},
		{"granted", request{okToTest: true}, false, github.Labels{"needs-ok-to-test"}, []change{{"ok-to-test", true}, {"needs-ok-to-test", false}}},
		{"granted, without having waited", request{okToTest: true}, false, nil, []change{{"ok-to-test", true}}},
		{"granted again", request{okToTest: true}, false, github.Labels{"ok-to-test"}, nil},
		{"both labels", request{tests: true}, false, github.Labels{"OK-to-test", "needs-ok-to-test"}, []change{{"needs-ok-to-test", false}}},
		{"withdrawn", request{revoke: true}, false, github.Labels{"ok-to-test"}, []change{{"ok-to-test", false}, {"needs-ok-to-test", true}}},
		{"withdrawn, never granted", request{revoke: true}, false, nil, []change{{"needs-ok-to-test", true}}},
		{"withdrawn and granted", request{revoke: true, okToTest: true}, false, github.Labels{"needs-ok-to-test"}, nil},
		{"withdrawn by a stranger", request{revoke: true}, true, github.Labels{"ok-to-test"}, nil},
		{"withdrawn by a stranger, both labels", request{revoke: true}, true, github.Labels{"ok-to-test", "needs-ok-to-test"}, []change{{"needs-ok-to-test", false}}},
		{"withdrawn with both labels", request{revoke: true}, false, github.Labels{"ok-to-test", "needs-ok-to-test"}, []change{{"ok-to-test", false}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, relabel(tc.asked, tc.asked.revoke && !tc.untrusted, tc.labels), cmp.AllowUnexported(change{})); diff != "" {
				t.Errorf("relabel (-want, +got):\n%s", diff)
			}
		})
	}
}
