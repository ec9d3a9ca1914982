// SPDX-License-Identifier: Apache-2.0

package config

import (
	"maps"
	"slices"
	"text/template"
	"time"

	"knative.dev/pkg/apis"
)

func (t *Tide) setDefaults() {
	fillDuration(&t.SyncPeriod, time.Minute)
	fillDuration(&t.StatusUpdatePeriod, t.SyncPeriod.Duration)
	fill(&t.MaxGoroutines, 20)
	if t.Gerrit != nil {
		fill(&t.Gerrit.RateLimit, defaultGerritRateLimit)
	}
	if t.TargetURL != "" {
		t.twoTargets = len(t.TargetURLs) > 0
		t.TargetURLs, _ = withGeneral(t.TargetURLs, t.TargetURL)
	}
	if t.PRStatusBaseURL != "" {
		t.twoStatuses = len(t.PRStatusBaseURLs) > 0
		t.PRStatusBaseURLs, _ = withGeneral(t.PRStatusBaseURLs, t.PRStatusBaseURL)
	}
}

// Validate reports what tide could not work with.
func (t *Tide) Validate() *apis.FieldError {
	errs := t.validateMergeable().Also(t.ContextOptions.validate().ViaField("context_options"))
	if t.MaxGoroutines <= 0 {
		errs = errs.Also(apis.ErrInvalidValue(t.MaxGoroutines, "max_goroutines", "want more than 0"))
	}
	if t.twoTargets {
		errs = errs.Also(exclusive("target_url", "target_urls"))
	}
	if t.twoStatuses {
		errs = errs.Also(exclusive("pr_status_base_url", "pr_status_base_urls"))
	}
	if _, general := t.PRStatusBaseURLs["*"]; !general && len(t.PRStatusBaseURLs) > 0 {
		errs = errs.Also(apis.ErrMissingField("pr_status_base_urls[*]"))
	}
	for _, key := range generalFirst(t.GitHubMergeBlocksPolicy) {
		switch policy := t.GitHubMergeBlocksPolicy[key]; policy {
		case MergeBlocksIgnore, MergeBlocksPermit, MergeBlocksBlock:
		default:
			errs = errs.Also(apis.ErrInvalidValue(policy, apis.CurrentField, "want ignore, permit or block").ViaFieldKey("github_merge_blocks_policy", key))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(t.MergeCommitTemplate)) {
		errs = errs.Also(t.MergeCommitTemplate[key].validate().ViaFieldKey("merge_commit_template", key))
	}
	return errs
}

// validateMergeable reports what is wrong in the part that supplemental files may have.
func (t *Tide) validateMergeable() *apis.FieldError {
	errs := t.MergeMethod.validate().ViaField("merge_method")
	for i, query := range t.Queries {
		errs = errs.Also(query.Validate().ViaFieldIndex("queries", i))
	}
	return errs
}

func (m MergeCommitTemplate) validate() *apis.FieldError {
	return parses(m.Title, "title").Also(parses(m.Body, "body"))
}

// parses reports a text that is no Go template.
func parses(text, field string) *apis.FieldError {
	if _, err := template.New(field).Parse(text); err != nil {
		return apis.ErrInvalidValue(text, field, err.Error())
	}
	return nil
}

// merge adds the queries and merge methods of a supplemental file.
func (t *Tide) merge(more *Tide) *apis.FieldError {
	t.Queries = append(t.Queries, more.Queries...)
	return mergeKeys(&t.MergeMethod, more.MergeMethod).ViaField("merge_method")
}
