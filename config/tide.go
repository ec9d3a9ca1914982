// SPDX-License-Identifier: Apache-2.0

package config

import (
	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Tide configures which pulls are merged, and how. Where a map is by org/repo,
// org and "*", the narrowest entry is taken alone.
type Tide struct {
	// Gerrit configures the tide of Gerrit; there is none when unset.
	Gerrit *TideGerrit `json:"gerrit,omitempty"`
	// SyncPeriod is the time between two looks at all pulls; 1m when unset.
	SyncPeriod *prowv1.Duration `json:"sync_period,omitempty"`
	// MaxGoroutines is how many pools, those are branches, are worked on at once; 20 when unset.
	MaxGoroutines int `json:"max_goroutines,omitempty"`
	// BatchSizeLimit is how many pulls are tested and merged together, by org/repo,
	// org or "*"; 0, the default, is no limit, and -1 merges them one by one.
	BatchSizeLimit map[string]int `json:"batch_size_limit,omitempty"`
	// PrioritizeExistingBatches goes on with a batch that has been tested when new
	// pulls could be part of it, by org/repo, org or "*"; the default is true.
	PrioritizeExistingBatches map[string]bool `json:"prioritize_existing_batches,omitempty"`
	// GitHubMergeBlocksPolicy is what becomes of pulls that GitHub says are blocked,
	// by org/repo, org or "*"; the default is "permit".
	GitHubMergeBlocksPolicy map[string]MergeBlocksPolicy `json:"github_merge_blocks_policy,omitempty"`

	// StatusUpdatePeriod is the time between two updates of tide's status on pulls; SyncPeriod when unset.
	StatusUpdatePeriod *prowv1.Duration `json:"status_update_period,omitempty"`
	// Queries find the pulls that may be merged: those that any of them finds.
	Queries []TideQuery `json:"queries,omitempty"`
	// MergeMethod is how pulls are merged, by org/repo@branch, org/repo or org, or nested; "merge" when unset.
	MergeMethod MergeMethods `json:"merge_method,omitempty"`
	// MergeCommitTemplate makes the messages of merge commits, by org/repo or org.
	MergeCommitTemplate map[string]MergeCommitTemplate `json:"merge_commit_template,omitempty"`
	// TargetURL is the old form of TargetURLs["*"].
	TargetURL string `json:"target_url,omitempty"`
	// TargetURLs is where tide's status on a pull links to, by org/repo, org or "*".
	TargetURLs map[string]string `json:"target_urls,omitempty"`
	// PRStatusBaseURL is the old form of PRStatusBaseURLs["*"].
	PRStatusBaseURL string `json:"pr_status_base_url,omitempty"`
	// PRStatusBaseURLs is the page that says what a pull lacks, by org/repo, org or
	// "*"; where it is set, tide's status links to it and it must have "*".
	PRStatusBaseURLs map[string]string `json:"pr_status_base_urls,omitempty"`
	// BlockerLabel is the label of issues that stop merging; there are none when empty.
	BlockerLabel string `json:"blocker_label,omitempty"`
	// SquashLabel makes a pull be squashed, whatever MergeMethod says.
	SquashLabel string `json:"squash_label,omitempty"`
	// RebaseLabel makes a pull be rebased, whatever MergeMethod says.
	RebaseLabel string `json:"rebase_label,omitempty"`
	// MergeLabel makes a pull be merged with a merge commit, whatever MergeMethod says.
	MergeLabel string `json:"merge_label,omitempty"`
	// ContextOptions say which status contexts a pull needs.
	ContextOptions ContextOptions `json:"context_options"`
	// Priority are sets of labels: pulls with all labels of the first are merged first, and so on.
	Priority []TidePriority `json:"priority,omitempty"`
	// DisplayAllQueries makes tide's status speak of all queries instead of the one that a pull is nearest to.
	DisplayAllQueries bool `json:"display_all_tide_queries_in_status,omitempty"`

	// twoTargets and twoStatuses say that the old and the new form are both given.
	twoTargets, twoStatuses bool
}

// TideGerrit configures the tide of Gerrit.
type TideGerrit struct {
	// Queries are the instances and repositories whose changes are merged.
	Queries []GerritOrgRepos `json:"queries"`
	// RateLimit is how many changes one request asks for; 5 when unset.
	RateLimit int `json:"ratelimit,omitempty"`
}

// TidePriority is a set of labels.
type TidePriority struct {
	// Labels must all be on a pull.
	Labels []string `json:"labels,omitempty"`
}

// MergeBlocksPolicy is what becomes of pulls that GitHub says are blocked, by
// branch protection, rulesets or missing reviews.
type MergeBlocksPolicy string

// The policies.
const (
	// MergeBlocksIgnore merges without a look at what GitHub says.
	MergeBlocksIgnore MergeBlocksPolicy = "ignore"
	// MergeBlocksPermit tries to merge, and says that the pull is blocked.
	MergeBlocksPermit MergeBlocksPolicy = "permit"
	// MergeBlocksBlock does not try to merge.
	MergeBlocksBlock MergeBlocksPolicy = "block"
)

// MergeCommitTemplate makes the message of a merge commit: Go templates over
// the pull as tide's GraphQL query returns it. GitHub's own text is taken for
// what is empty.
type MergeCommitTemplate struct {
	// Title is the first line.
	Title string `json:"title,omitempty"`
	// Body is the rest.
	Body string `json:"body,omitempty"`
}

// BatchSizeFor is how many pulls of a repo are merged together; 0 is no limit, less is one by one.
func (t *Tide) BatchSizeFor(org, repo string) int {
	limit, _ := narrowestOf(t.BatchSizeLimit, org, repo)
	return limit
}

// PrioritizesBatches reports whether a batch of the repo that has been tested comes before new pulls.
func (t *Tide) PrioritizesBatches(org, repo string) bool {
	first, set := narrowestOf(t.PrioritizeExistingBatches, org, repo)
	return first || !set
}

// MergeBlocksFor is what becomes of the repo's pulls that GitHub says are blocked.
func (t *Tide) MergeBlocksFor(org, repo string) MergeBlocksPolicy {
	if policy, set := narrowestOf(t.GitHubMergeBlocksPolicy, org, repo); set {
		return policy
	}
	return MergeBlocksPermit
}

// TargetURLFor is where tide's status on the repo's pulls links to; empty when that is unset.
func (t *Tide) TargetURLFor(org, repo string) string {
	link, _ := narrowestOf(t.TargetURLs, org, repo)
	return link
}

// PRStatusBaseURLFor is the page that says what the repo's pulls lack; empty when there is none.
func (t *Tide) PRStatusBaseURLFor(org, repo string) string {
	link, _ := narrowestOf(t.PRStatusBaseURLs, org, repo)
	return link
}

// MergeCommitTemplateFor is the template of the repo, else that of its org.
func (t *Tide) MergeCommitTemplateFor(org, repo string) MergeCommitTemplate {
	if found, ok := t.MergeCommitTemplate[org+"/"+repo]; ok {
		return found
	}
	return t.MergeCommitTemplate[org]
}
