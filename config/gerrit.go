// SPDX-License-Identifier: Apache-2.0

package config

import (
	"regexp"
	"time"

	"knative.dev/pkg/apis"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Gerrit configures how changes in Gerrit start jobs.
type Gerrit struct {
	// TickInterval is the time between two looks at the instances; 1m when unset.
	TickInterval *prowv1.Duration `json:"tick_interval,omitempty"`
	// RateLimit is how many changes one request asks for; 5 when unset.
	RateLimit int `json:"ratelimit,omitempty"`
	// DeckURL is the base of the links to runs.
	DeckURL string `json:"deck_url,omitempty"`
	// OrgReposConfig are the instances and repositories that are looked at.
	OrgReposConfig []GerritOrgRepos `json:"org_repos_config,omitempty"`
	// AllowedPresubmitTriggerRe is a regular expression: a comment that it does not
	// match starts nothing. When unset, every comment may.
	AllowedPresubmitTriggerRe string `json:"allowed_presubmit_trigger_re,omitempty"`

	allowedTrigger *regexp.Regexp
}

// GerritOrgRepos is some repositories of an instance of Gerrit.
type GerritOrgRepos struct {
	// Org is the URL of the instance, with https:// or http://.
	Org string `json:"org,omitempty"`
	// Repos are the names of its repositories.
	Repos []string `json:"repos,omitempty"`
	// OptOutHelp leaves out the comments that list the jobs when somebody asks for one that is not there.
	OptOutHelp bool `json:"opt_out_help,omitempty"`
	// Filters limit which changes are looked at; all of them when unset.
	Filters *GerritFilter `json:"filters,omitempty"`
}

// GerritFilter accepts some changes.
type GerritFilter struct {
	// Branches are the only ones that are accepted; all when empty.
	Branches []string `json:"branches,omitempty"`
	// ExcludedBranches are not accepted.
	ExcludedBranches []string `json:"excluded_branches,omitempty"`
	// OptInByDefault lets tide merge changes without a vote for Prow-Auto-Submit; one against still keeps a change out.
	OptInByDefault bool `json:"opt_in_by_default,omitempty"`
}

// defaultGerritRateLimit is how many changes a request asks for, also those of tide.
const defaultGerritRateLimit = 5

func (g *Gerrit) setDefaults() {
	fillDuration(&g.TickInterval, time.Minute)
	fill(&g.RateLimit, defaultGerritRateLimit)
}

// Validate reports a link that is no URL, and an expression that does not compile.
func (g *Gerrit) Validate() *apis.FieldError {
	errs := validURL(g.DeckURL, "deck_url")
	var err error
	if g.allowedTrigger, err = regexp.Compile(g.AllowedPresubmitTriggerRe); err != nil {
		errs = errs.Also(apis.ErrInvalidValue(g.AllowedPresubmitTriggerRe, "allowed_presubmit_trigger_re", err.Error()))
	}
	return errs
}

// AllowsTrigger reports whether a comment may start presubmits.
func (g *Gerrit) AllowsTrigger(comment string) bool {
	return g.allowedTrigger == nil || g.allowedTrigger.MatchString(comment)
}
