// SPDX-License-Identifier: Apache-2.0

package deploy_test

import (
	"slices"
	"testing"

	"github.com/cutwater-ci/cutwater/local/manifests"
)

// No role says "all": each names its verbs and resources, and is one namespace's.
func rolesAreLeast(t *testing.T, set *manifests.Set) {
	for _, role := range set.Roles {
		for _, rule := range role.Rules {
			for _, what := range [][]string{rule.APIGroups, rule.Resources, rule.Verbs} {
				if slices.Contains(what, "*") {
					t.Errorf("role %s/%s has a *: %v", role.Namespace, role.Name, rule)
				}
			}
			if slices.Contains(rule.Resources, "secrets") {
				t.Errorf("role %s/%s reads secrets", role.Namespace, role.Name)
			}
		}
	}
}
