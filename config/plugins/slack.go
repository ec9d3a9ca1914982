// SPDX-License-Identifier: Apache-2.0

package plugins

// Slack configures the slackevents plugin.
type Slack struct {
	// MentionChannels are channels, named like the SIGs, that hear when their SIG is mentioned.
	MentionChannels []string `json:"mentionchannels,omitempty"`
	// MergeWarnings say who hears of pushes that are no merges of pulls.
	MergeWarnings []MergeWarning `json:"mergewarnings,omitempty"`
}

// MergeWarning says who hears of pushes by hand to some repos. The first entry
// that lists a repo counts, else the first that lists its org.
type MergeWarning struct {
	// Repos are orgs and org/repos.
	Repos []string `json:"repos,omitempty"`
	// Channels hear of a push.
	Channels []string `json:"channels,omitempty"`
	// ExemptUsers are logins that may push anywhere.
	ExemptUsers []string `json:"exempt_users,omitempty"`
	// ExemptBranches are logins that may push, by branch.
	ExemptBranches map[string][]string `json:"exempt_branches,omitempty"`
}

// MergeWarningFor is the entry for a repo, and whether there is one.
func (s Slack) MergeWarningFor(org, repo string) (MergeWarning, bool) {
	return first(s.MergeWarnings, org, repo)
}

func (w MergeWarning) repos() []string { return w.Repos }
