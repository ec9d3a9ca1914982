// SPDX-License-Identifier: Apache-2.0

package check

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/cutwater-ci/cutwater/config"
)

const whyNotStrict = "GitHub takes only pulls that are up to date with their base, and tide does not update pulls"

// tideStrictBranch finds branches that must be up to date where tide merges.
// As in Prow, a repo with one such branch counts as a whole.
func tideStrictBranch(in Input) []Finding {
	if len(in.Config.Tide.Queries) == 0 {
		return nil
	}
	protection := &in.Config.BranchProtection
	if isStrict(protection.Policy) {
		return []Finding{inConfig("branch-protection.required_status_checks.strict", "is set for everything: %s", whyNotStrict)}
	}
	strict := newRepoSet()
	places := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(protection.Orgs)) {
		strictIn(protection, name, strict, places)
	}
	var found []Finding
	for _, item := range searched(in.Config.Tide.Queries, anyQuery).and(strict).items() {
		place, ok := places[item.name]
		if !ok {
			place = places[orgOf(item.name)]
		}
		found = append(found, inConfig(place, "is set for %v: %s", item, whyNotStrict))
	}
	return found
}

// strictIn adds what is strict in an org, and where that is said.
func strictIn(protection *config.BranchProtection, name string, strict repoSet, places map[string]string) {
	const field = ".required_status_checks.strict"
	org := protection.Org(name)
	path := "branch-protection.orgs[" + name + "]"
	lax := sets.New[string]()
	for repoName := range org.Repos {
		repo := org.Repo(repoName)
		full, below := name+"/"+repoName, path+".repos["+repoName+"]"
		if isStrict(repo.Policy) {
			places[full] = below + field
			strict.addRepo(full)
			continue
		}
		if branch, ok := strictBranch(repo); ok {
			places[full] = below + ".branches[" + branch + "]" + field
			strict.addRepo(full)
			continue
		}
		lax.Insert(full)
	}
	if isStrict(org.Policy) {
		places[name] = path + field
		strict.addOrg(name, lax)
	}
}

// strictBranch is a branch of the repo that must be up to date.
func strictBranch(repo config.RepoProtection) (string, bool) {
	for _, name := range slices.Sorted(maps.Keys(repo.Branches)) {
		// A branch that is not valid is an error elsewhere.
		if policy, err := repo.Branch(name); err == nil && isStrict(policy) {
			return name, true
		}
	}
	return "", false
}

func isStrict(p config.Policy) bool {
	checks := p.RequiredStatusChecks
	return p.Protect != nil && *p.Protect && checks != nil && checks.Strict != nil && *checks.Strict
}
