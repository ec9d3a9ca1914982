// SPDX-License-Identifier: Apache-2.0

package check

import (
	"slices"
	"strings"
)

// appInstallation finds orgs in which the GitHub App can do nothing.
func appInstallation(in Input) []Finding {
	if in.Facts.AppOrgs == nil {
		return nil
	}
	seen := map[string]bool{}
	var found []Finding
	look := func(name string, at Finding) {
		org := orgOf(name)
		if seen[org] || strings.Contains(name, "://") || slices.ContainsFunc(in.Facts.AppOrgs, func(login string) bool { return strings.EqualFold(login, org) }) {
			return
		}
		seen[org] = true
		at.Message = "the GitHub App is not installed in " + org
		found = append(found, at)
	}
	for _, q := range in.Queries {
		for _, name := range slices.Concat(q.Orgs, q.Repos) {
			look(name, q.finding(q.place(name), ""))
		}
	}
	for j := range in.jobs() {
		if j.Repo != "" {
			look(j.Repo, j.finding("", ""))
		}
	}
	return found
}
