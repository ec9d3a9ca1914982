// SPDX-License-Identifier: Apache-2.0

package check

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/cutwater-ci/cutwater/config"
)

// level is a level of branch-protection: all, an org, a repo or a branch.
type level struct {
	path, name string
	policy     config.Policy
	below      []level
}

// protectionLevels are all levels as a tree.
func protectionLevels(b config.BranchProtection) level {
	root := level{path: "branch-protection", name: "everything", policy: b.Policy}
	for _, name := range slices.Sorted(maps.Keys(b.Orgs)) {
		of := b.Orgs[name]
		org := level{path: fmt.Sprintf("%s.orgs[%s]", root.path, name), name: name, policy: of.Policy}
		for _, repoName := range slices.Sorted(maps.Keys(of.Repos)) {
			of := of.Repos[repoName]
			repo := level{path: fmt.Sprintf("%s.repos[%s]", org.path, repoName), name: name + "/" + repoName, policy: of.Policy}
			for _, branch := range slices.Sorted(maps.Keys(of.Branches)) {
				repo.below = append(repo.below, level{path: fmt.Sprintf("%s.branches[%s]", repo.path, branch), name: repo.name + "@" + branch, policy: of.Branches[branch]})
			}
			org.below = append(org.below, repo)
		}
		root.below = append(root.below, org)
	}
	return root
}

// managed reports whether the level says unmanaged: false, or one below it does.
func (l level) managed() bool {
	return l.policy.Unmanaged != nil && !*l.policy.Unmanaged || slices.ContainsFunc(l.below, level.managed)
}

// unmanagedSubconfig finds settings that have no effect: those at a level that
// is unmanaged, and below it, unless a narrower level says unmanaged: false.
func unmanagedSubconfig(in Input) []Finding {
	return protectionLevels(in.Config.BranchProtection).unmanaged()
}

func (l level) unmanaged() []Finding {
	var found []Finding
	if l.policy.Unmanaged != nil && *l.policy.Unmanaged {
		managedBelow := slices.ContainsFunc(l.below, level.managed)
		if hasSettings(l.policy) && !managedBelow {
			found = append(found, inConfig(l.path, "%s is unmanaged, so that its settings have no effect", l.name))
		}
		for _, narrower := range l.below {
			if !narrower.managed() {
				found = append(found, inConfig(narrower.path, "has no effect, since %s is unmanaged, unless %s sets unmanaged: false", l.name, narrower.name))
			}
		}
	}
	for _, narrower := range l.below {
		found = append(found, narrower.unmanaged()...)
	}
	return found
}

// hasSettings reports whether the policy says more than whether it counts.
func hasSettings(p config.Policy) bool {
	p.Unmanaged = nil
	return !reflect.DeepEqual(p, config.Policy{})
}
