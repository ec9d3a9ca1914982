// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"slices"

	"knative.dev/pkg/apis"
)

// listing is an entry of a list that is for the orgs and repos it names.
type listing interface{ repos() []string }

// first is the entry for a repo: the first that lists it, else the first that
// lists its org, else the zero value and false.
func first[T listing](entries []T, org, repo string) (T, bool) {
	for _, name := range []string{org + "/" + repo, org} {
		for _, entry := range entries {
			if slices.Contains(entry.repos(), name) {
				return entry, true
			}
		}
	}
	var none T
	return none, false
}

// listed reports whether a list of orgs and org/repos covers a repo.
func listed(names []string, org, repo string) bool {
	return slices.Contains(names, org) || slices.Contains(names, org+"/"+repo)
}

// repeated reports orgs and repos that were listed before, so that they do not count.
func repeated[T listing](entries []T, field string) *apis.FieldError {
	var errs *apis.FieldError
	seen := map[string]bool{}
	for i, entry := range entries {
		for j, name := range entry.repos() {
			if seen[name] {
				twice := apis.ErrGeneric(name+" is listed before, and only the first counts", apis.CurrentField)
				errs = errs.Also(twice.ViaFieldIndex("repos", j).ViaFieldIndex(field, i))
			}
			seen[name] = true
		}
	}
	return errs
}
