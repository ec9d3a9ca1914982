// SPDX-License-Identifier: Apache-2.0

package plugins_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/cutwater-ci/cutwater/config/plugins"
)

// What is said of a branch, a repo and an org overrides what is said more widely.
func TestBugzillaOptions(t *testing.T) {
	b := load(t, `
bugzilla:
  default:
    "*":
      is_open: true
      statuses: [NEW, MODIFIED, NEW]
      valid_states: [{status: CLOSED, resolution: ERRATA}]
      allowed_groups: [b]
      status_after_merge: MODIFIED
      dependent_bug_target_release: "1"
    main: {validate_by_default: true}
  orgs:
    org:
      default:
        "*": {is_open: false, allowed_groups: [a, b], state_after_merge: {status: CLOSED, resolution: FIXED}}
      repos:
        repo:
          branches:
            "*": {target_release: "2", enable_backporting: true, dependent_bug_target_release: "3", dependent_bug_target_releases: ["2"]}
            alone: {exclude_defaults: true, status_after_validation: POST, add_external_link: true}
            states: {valid_states: [{status: ON_QA}], dependent_bug_statuses: [VERIFIED]}
`).Bugzilla
	for _, c := range []struct{ name, org, repo, branch, want string }{
		{"of all", "any", "repo", "v1", `
is_open: true
valid_states: [{status: CLOSED, resolution: ERRATA}, {status: MODIFIED}, {status: NEW}]
allowed_groups: [b]
state_after_merge: {status: MODIFIED}
dependent_bug_target_releases: ["1"]
`}, {"of a branch", "any", "repo", "main", `
validate_by_default: true
is_open: true
valid_states: [{status: CLOSED, resolution: ERRATA}, {status: MODIFIED}, {status: NEW}]
allowed_groups: [b]
state_after_merge: {status: MODIFIED}
dependent_bug_target_releases: ["1"]
`}, {"of an org", "org", "any", "main", `
validate_by_default: true
is_open: false
valid_states: [{status: CLOSED, resolution: ERRATA}, {status: MODIFIED}, {status: NEW}]
allowed_groups: [a, b]
state_after_merge: {status: CLOSED, resolution: FIXED}
dependent_bug_target_releases: ["1"]
`}, {"of a repo", "org", "repo", "v1", `
enable_backporting: true
is_open: false
target_release: "2"
valid_states: [{status: CLOSED, resolution: ERRATA}, {status: MODIFIED}, {status: NEW}]
allowed_groups: [a, b]
state_after_merge: {status: CLOSED, resolution: FIXED}
dependent_bug_target_releases: ["2", "3"]
`}, {"of a repo's branch", "org", "repo", "states", `
enable_backporting: true
is_open: false
target_release: "2"
valid_states: [{status: ON_QA}]
dependent_bug_states: [{status: VERIFIED}]
allowed_groups: [a, b]
state_after_merge: {status: CLOSED, resolution: FIXED}
dependent_bug_target_releases: ["2", "3"]
`}, {"without defaults", "org", "repo", "alone", `
exclude_defaults: true
add_external_link: true
state_after_validation: {status: POST}
`},
	} {
		var want plugins.BugzillaOptions
		if err := yaml.UnmarshalStrict([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.OptionsFor(c.org, c.repo, c.branch)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
