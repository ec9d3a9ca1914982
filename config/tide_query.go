// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"knative.dev/pkg/apis"
)

// TideQuery finds pulls that may be merged: those that are open, in one of its
// orgs or repos, and as all the rest says.
type TideQuery struct {
	// Author is the login of who made the pull.
	Author string `json:"author,omitempty"`
	// Labels must all be on the pull. An entry with commas stands for any of the labels between them.
	Labels []string `json:"labels,omitempty"`
	// MissingLabels must not be on the pull.
	MissingLabels []string `json:"missingLabels,omitempty"`
	// ExcludedBranches are not merged into.
	ExcludedBranches []string `json:"excludedBranches,omitempty"`
	// IncludedBranches are the only ones that are merged into; all when empty. It excludes ExcludedBranches.
	IncludedBranches []string `json:"includedBranches,omitempty"`
	// Milestone is the title of the pull's milestone.
	Milestone string `json:"milestone,omitempty"`
	// ReviewApprovedRequired asks for a review that approves the pull, in GitHub's sense.
	ReviewApprovedRequired bool `json:"reviewApprovedRequired,omitempty"`
	// Orgs are those whose repositories are searched.
	Orgs []string `json:"orgs,omitempty"`
	// Repos are searched, "org/repo" each; none may be of Orgs.
	Repos []string `json:"repos,omitempty"`
	// ExcludedRepos are repositories of Orgs that are not searched, "org/repo" each.
	ExcludedRepos []string `json:"excludedRepos,omitempty"`
}

// Searches are GitHub's search strings for the query, by org: those who log in
// as an app see one org at a time.
func (q *TideQuery) Searches() map[string]string {
	conditions := q.conditions()
	searches := map[string]string{}
	for org, places := range q.places() {
		searches[org] = conditions + " " + strings.Join(places, " ")
	}
	return searches
}

// Search is the one search string for all orgs of the query.
func (q *TideQuery) Search() string {
	words := []string{q.conditions()}
	places := q.places()
	for _, org := range slices.Sorted(maps.Keys(places)) {
		words = append(words, places[org]...)
	}
	return strings.Join(words, " ")
}

// places are the search words that say where, by org.
func (q *TideQuery) places() map[string][]string {
	places := map[string][]string{}
	for _, org := range q.Orgs {
		if places[org] == nil { // Queries that were united may name it twice.
			places[org] = []string{word("org", org)}
		}
	}
	add := func(key string, repos []string) {
		for _, repo := range repos {
			org, _, _ := strings.Cut(repo, "/")
			places[org] = append(places[org], word(key, repo))
		}
	}
	add("repo", q.Repos)
	add("-repo", q.ExcludedRepos)
	return places
}

// conditions are the search words that say which.
func (q *TideQuery) conditions() string {
	words := []string{"is:pr", "state:open", "archived:false"}
	add := func(key string, values ...string) {
		for _, value := range values {
			words = append(words, word(key, value))
		}
	}
	if q.Author != "" {
		add("author", q.Author)
	}
	add("-base", q.ExcludedBranches...)
	add("base", q.IncludedBranches...)
	for _, label := range q.Labels {
		add("label", strings.ReplaceAll(label, ",", `","`))
	}
	add("-label", q.MissingLabels...)
	if q.Milestone != "" {
		add("milestone", q.Milestone)
	}
	if q.ReviewApprovedRequired {
		words = append(words, "review:approved")
	}
	return strings.Join(words, " ")
}

func word(key, value string) string { return key + `:"` + value + `"` }

// IsFor reports whether the query searches the repo.
func (q *TideQuery) IsFor(org, repo string) bool {
	name := org + "/" + repo
	if slices.Contains(q.Orgs, org) {
		return !slices.Contains(q.ExcludedRepos, name)
	}
	return slices.Contains(q.Repos, name)
}

// Validate reports names that are none, and what contradicts itself or is there twice.
func (q *TideQuery) Validate() *apis.FieldError {
	errs := q.validatePlaces()
	for i, label := range q.MissingLabels {
		if slices.Contains(q.Labels, label) {
			errs = errs.Also(wrongAt("missingLabels", i, "%q is one of labels too", label))
		}
	}
	if len(q.IncludedBranches) > 0 && len(q.ExcludedBranches) > 0 {
		errs = errs.Also(exclusive("includedBranches", "excludedBranches"))
	}
	for field, list := range map[string][]string{
		"orgs": q.Orgs, "repos": q.Repos, "excludedRepos": q.ExcludedRepos, "labels": q.Labels, "missingLabels": q.MissingLabels,
		"includedBranches": q.IncludedBranches, "excludedBranches": q.ExcludedBranches,
	} {
		for i, value := range list {
			if slices.Contains(list[:i], value) {
				errs = errs.Also(wrongAt(field, i, "%q is given twice", value))
			}
		}
	}
	return errs
}

// validatePlaces checks where the query searches.
func (q *TideQuery) validatePlaces() *apis.FieldError {
	var errs *apis.FieldError
	if len(q.Orgs) == 0 && len(q.Repos) == 0 {
		errs = errs.Also(apis.ErrGeneric("needs orgs or repos", apis.CurrentField))
	}
	for i, org := range q.Orgs {
		if org == "" || strings.Contains(org, "/") {
			errs = errs.Also(wrongAt("orgs", i, "%q is no org", org))
		}
	}
	for i, repo := range q.Repos {
		switch org, ok := orgOf(repo); {
		case !ok:
			errs = errs.Also(wrongAt("repos", i, "%q is not of the form org/repo", repo))
		case slices.Contains(q.Orgs, org):
			errs = errs.Also(wrongAt("repos", i, "%q is in the org %s, which is one of orgs", repo, org))
		}
	}
	for i, repo := range q.ExcludedRepos {
		switch org, ok := orgOf(repo); {
		case !ok:
			errs = errs.Also(wrongAt("excludedRepos", i, "%q is not of the form org/repo", repo))
		case !slices.Contains(q.Orgs, org):
			errs = errs.Also(wrongAt("excludedRepos", i, "%q is not in any of orgs", repo))
		}
	}
	return errs
}

// orgOf is the org of "org/repo", and whether the text has this form.
func orgOf(orgRepo string) (org string, ok bool) {
	org, repo, found := strings.Cut(orgRepo, "/")
	return org, found && org != "" && repo != "" && !strings.Contains(repo, "/")
}

// wrongAt says what is wrong with an element of a list.
func wrongAt(field string, i int, format string, args ...any) *apis.FieldError {
	return apis.ErrGeneric(fmt.Sprintf(format, args...), apis.CurrentField).ViaFieldIndex(field, i)
}

// unite makes one query of those that differ only in where they search, and
// sorts them. tenant is the tenant of the jobs of an org or org/repo: pulls of
// different tenants are not searched for together.
func unite(queries []TideQuery, tenant func(string) string) []TideQuery {
	groups := map[string]int{}
	var united []TideQuery
	for _, q := range queries {
		for _, list := range [][]string{q.ExcludedBranches, q.IncludedBranches, q.Labels, q.MissingLabels} {
			slices.Sort(list)
		}
		tenants := map[string]bool{}
		for _, place := range slices.Concat(q.Orgs, q.Repos) {
			tenants[tenant(place)] = true
		}
		conditions := q
		conditions.Orgs, conditions.Repos, conditions.ExcludedRepos = slices.Sorted(maps.Keys(tenants)), nil, nil
		key := sortKey(&conditions)
		i, ok := groups[key]
		if !ok {
			groups[key] = len(united)
			united = append(united, q)
			continue
		}
		into := &united[i]
		into.Orgs = slices.Concat(into.Orgs, q.Orgs)
		into.Repos = slices.Concat(into.Repos, q.Repos)
		into.ExcludedRepos = slices.Concat(into.ExcludedRepos, q.ExcludedRepos)
	}
	slices.SortStableFunc(united, func(a, b TideQuery) int { return strings.Compare(sortKey(&a), sortKey(&b)) })
	return united
}

// sortKey is the query as JSON: the order of the struct's fields decides the order of queries.
func sortKey(q *TideQuery) string {
	text, err := json.Marshal(q)
	if err != nil { // Strings and bools are always JSON.
		return ""
	}
	return string(text)
}
