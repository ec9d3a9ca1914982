// SPDX-License-Identifier: Apache-2.0

package plugins

import "knative.dev/pkg/apis"

// Blunderbuss configures how reviewers are chosen for pulls: at random by the
// blunderbuss plugin, by who wrote the changed lines by the rifle plugin.
type Blunderbuss struct {
	// RequestCount is how many reviews are asked for, at least 1; 2 when unset.
	RequestCount *int `json:"request_count,omitempty"`
	// MaxRequestCount is how many reviews are asked for at most, required reviewers aside; 0 is no limit.
	MaxRequestCount int `json:"max_request_count,omitempty"`
	// ExcludeApprovers never takes approvers as reviewers; otherwise it does where reviewers are too few.
	ExcludeApprovers bool `json:"exclude_approvers,omitempty"`
	// UseStatusAvailability passes over people whose status on GitHub is busy, for one request each.
	UseStatusAvailability bool `json:"use_status_availability,omitempty"`
	// IgnoreDrafts asks for no reviews of drafts.
	IgnoreDrafts bool `json:"ignore_drafts,omitempty"`
	// IgnoreAuthors are logins of whose pulls no reviews are asked for.
	IgnoreAuthors []string `json:"ignore_authors,omitempty"`
	// WaitForStatus asks for reviews only when the head commit of the pull gets this status.
	WaitForStatus *WaitForStatus `json:"wait_for_status,omitempty"`
}

// WaitForStatus describes a commit status.
type WaitForStatus struct {
	// Context is the status context; "tide" when unset.
	Context string `json:"context,omitempty"`
	// Description is a regular expression for the description; when unset, one for what tide says
	// of a pull that lacks only approving reviews or the labels lgtm and approved.
	Description string `json:"description,omitempty"`
	// State is the state; "pending" when unset.
	State string `json:"state,omitempty"`
}

const (
	defaultRequestCount       = 2
	defaultWaitForDescription = `Not mergeable. (PullRequest is missing sufficient approving GitHub review\(s\)|Needs (lgtm|approved|approved, lgtm) labels?)\.?`
)

func (b *Blunderbuss) setDefaults() {
	if b.RequestCount == nil {
		count := defaultRequestCount
		b.RequestCount = &count
	}
	if w := b.WaitForStatus; w != nil {
		fill(&w.Context, "tide")
		fill(&w.Description, defaultWaitForDescription)
		fill(&w.State, "pending")
	}
}

// Validate reports a count that asks for nothing, and a regular expression that does not compile.
func (b Blunderbuss) Validate() *apis.FieldError {
	var errs *apis.FieldError
	if b.RequestCount != nil && *b.RequestCount < 1 {
		errs = errs.Also(apis.ErrInvalidValue(*b.RequestCount, "request_count", "want at least 1"))
	}
	if b.WaitForStatus != nil {
		errs = errs.Also(compiles(b.WaitForStatus.Description, "description").ViaField("wait_for_status"))
	}
	return errs
}
