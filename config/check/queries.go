// SPDX-License-Identifier: Apache-2.0

package check

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/document"
)

// Query is a query of tide as it is written.
type Query struct {
	config.TideQuery
	// File is where it is written.
	File string
	// Path leads to it.
	Path string
}

// finding is one at a field of the query.
func (q Query) finding(field, format string, args ...any) Finding {
	return Finding{Problem: document.Problem{
		Position: document.Position{File: q.File}, Path: q.Path + "." + field, Message: fmt.Sprintf(format, args...),
	}}
}

// place is the field of the query that makes it search a repo or an org; empty when it does not.
func (q Query) place(name string) string {
	if i := slices.Index(q.Repos, name); i >= 0 {
		return fmt.Sprintf("repos[%d]", i)
	}
	if i := slices.Index(q.Orgs, orgOf(name)); i >= 0 && !slices.Contains(q.ExcludedRepos, name) {
		return fmt.Sprintf("orgs[%d]", i)
	}
	return ""
}

// searched is what all queries search that a condition holds for.
func searched(queries []config.TideQuery, holds func(config.TideQuery) bool) repoSet {
	set := newRepoSet()
	for _, q := range queries {
		if !holds(q) {
			continue
		}
		for _, org := range q.Orgs {
			without := sets.New[string]()
			for _, repo := range q.ExcludedRepos {
				if strings.HasPrefix(repo, org+"/") {
					without.Insert(repo)
				}
			}
			set.addOrg(org, without)
		}
		for _, repo := range q.Repos {
			set.addRepo(repo)
		}
	}
	return set
}

// anyQuery holds for all queries.
func anyQuery(config.TideQuery) bool { return true }
