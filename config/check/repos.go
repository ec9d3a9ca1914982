// SPDX-License-Identifier: Apache-2.0

package check

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/sets"
)

// repoSet is a set of repositories: whole orgs without some of their repos, and
// repos that are named. A repo may be both, as each is named by somebody.
type repoSet struct {
	// without are, by org, the repos ("org/repo") of it that are not in the set.
	without map[string]sets.Set[string]
	// repos are those that are named; none is in without.
	repos sets.Set[string]
}

func newRepoSet() repoSet {
	return repoSet{without: map[string]sets.Set[string]{}, repos: sets.New[string]()}
}

// orgOf is the org of an org/repo.
func orgOf(repo string) string {
	org, _, _ := strings.Cut(repo, "/")
	return org
}

func (s repoSet) has(repo string) bool {
	without, ok := s.without[orgOf(repo)]
	return ok && !without.Has(repo) || s.repos.Has(repo)
}

// ofOrg are the named repos of an org.
func (s repoSet) ofOrg(org string) sets.Set[string] {
	found := sets.New[string]()
	for repo := range s.repos {
		if orgOf(repo) == org {
			found.Insert(repo)
		}
	}
	return found
}

func (s repoSet) addRepo(repo string) {
	s.without[orgOf(repo)].Delete(repo)
	s.repos.Insert(repo)
}

// addOrg adds all repos of an org but those in without.
func (s repoSet) addOrg(org string, without sets.Set[string]) {
	if before, ok := s.without[org]; ok {
		s.without[org] = before.Intersection(without)
		return
	}
	s.without[org] = without.Difference(s.repos)
}

// addAll adds another set. Named repos of orgs that are in it are no longer named.
func (s repoSet) addAll(other repoSet) {
	for org, without := range other.without {
		s.addOrg(org, without)
	}
	for repo := range other.repos {
		s.addRepo(repo)
	}
	for org := range s.without {
		s.repos.Delete(s.ofOrg(org).UnsortedList()...)
	}
}

// minus is what is in the set and not in the other.
func (s repoSet) minus(other repoSet) repoSet {
	left := newRepoSet()
	for org, without := range s.without {
		excluded, ok := other.without[org]
		if !ok {
			left.addOrg(org, without.Union(other.ofOrg(org)))
			continue
		}
		for repo := range excluded.Difference(without) {
			left.addRepo(repo)
		}
	}
	for repo := range s.repos {
		if !other.has(repo) {
			left.addRepo(repo)
		}
	}
	return left
}

// and is what is in both sets.
func (s repoSet) and(other repoSet) repoSet {
	both := newRepoSet()
	for org, without := range s.without {
		if excluded, ok := other.without[org]; ok {
			both.addOrg(org, without.Union(excluded))
			continue
		}
		for repo := range other.ofOrg(org).Difference(without) {
			both.addRepo(repo)
		}
	}
	for repo := range s.repos {
		if other.has(repo) {
			both.addRepo(repo)
		}
	}
	return both
}

// repoItem is an org without some of its repos, or a repo.
type repoItem struct {
	// name is an org or an org/repo.
	name string
	// without are repos ("org/repo") of the org.
	without []string
}

func (i repoItem) String() string {
	if len(i.without) == 0 {
		return i.name
	}
	return i.name + " (without " + strings.Join(i.without, ", ") + ")"
}

// items are the orgs and then the repos, in order.
func (s repoSet) items() []repoItem {
	var items []repoItem
	for _, org := range slices.Sorted(maps.Keys(s.without)) {
		items = append(items, repoItem{name: org, without: sets.List(s.without[org])})
	}
	for _, repo := range sets.List(s.repos) {
		items = append(items, repoItem{name: repo})
	}
	return items
}
