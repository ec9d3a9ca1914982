// SPDX-License-Identifier: Apache-2.0

package plugins

import "cmp"

// Approve configures the approve plugin for some repos. The first entry that
// lists a repo counts, else the first that lists its org; entries are not merged.
type Approve struct {
	// Repos are orgs and org/repos. None may be listed twice.
	Repos []string `json:"repos,omitempty"`
	// IssueRequired makes a pull need an associated issue, unless an approver says "/approve no-issue".
	IssueRequired bool `json:"issue_required,omitempty"`
	// RequireSelfApproval true makes authors who are approvers say /approve of their own pulls;
	// when unset or false, they approve by opening them.
	RequireSelfApproval *bool `json:"require_self_approval,omitempty"`
	// LgtmActsAsApprove makes /lgtm approve as well.
	LgtmActsAsApprove bool `json:"lgtm_acts_as_approve,omitempty"`
	// IgnoreReviewState true does not count reviews on GitHub; when unset or false, an approving review
	// is as good as /approve, and one that requests changes is an /approve cancel.
	IgnoreReviewState *bool `json:"ignore_review_state,omitempty"`
	// CommandHelpLink is the page that explains the commands; https://go.k8s.io/bot-commands when unset.
	// "?repo=ORG%2FREPO" is appended to it.
	CommandHelpLink string `json:"commandHelpLink,omitempty"`
	// PRProcessLink is the page that explains how pulls are reviewed;
	// https://git.k8s.io/community/contributors/guide/owners.md#the-code-review-process when unset.
	PRProcessLink string `json:"pr_process_link,omitempty"`
}

const (
	defaultCommandHelpLink = "https://go.k8s.io/bot-commands"
	defaultPRProcessLink   = "https://git.k8s.io/community/contributors/guide/owners.md#the-code-review-process"
)

// ApproveFor is the configuration of the approve plugin for a repo, with the links filled in.
func (c *Configuration) ApproveFor(org, repo string) Approve {
	a, _ := first(c.Approve, org, repo)
	a.CommandHelpLink = cmp.Or(a.CommandHelpLink, defaultCommandHelpLink)
	a.PRProcessLink = cmp.Or(a.PRProcessLink, defaultPRProcessLink)
	return a
}

// SelfApproval reports whether authors who are approvers approve their own pulls by opening them.
func (a Approve) SelfApproval() bool { return a.RequireSelfApproval == nil || !*a.RequireSelfApproval }

// ReviewState reports whether reviews on GitHub count.
func (a Approve) ReviewState() bool { return a.IgnoreReviewState == nil || !*a.IgnoreReviewState }

func (a Approve) repos() []string { return a.Repos }
