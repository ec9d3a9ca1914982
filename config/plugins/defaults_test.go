// SPDX-License-Identifier: Apache-2.0

package plugins_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// TestDefaults compares what is there when little is given, as it would be written.
func TestDefaults(t *testing.T) {
	for _, c := range []struct{ name, given, want string }{
		{"nothing", "{}", `
blunderbuss: {request_count: 2}
branch_cleaner: {}
bugzilla: {}
cat: {}
cherry_pick_unapproved:
  branchregexp: ^release-.*$
  comment: This PR is not for the master branch but does not have the ` + "`cherry-pick-approved`  label. Adding the `do-not-merge/cherry-pick-not-approved`  label." + `
config_updater:
  gzip: false
  maps:
    config/prow/config.yaml: {name: config, clusters: {default: [""]}}
    config/prow/plugins.yaml: {name: plugins, clusters: {default: [""]}}
golint: {}
goose: {}
heart: {}
help: {help_guidelines_url: https://git.k8s.io/community/contributors/guide/help-wanted.md}
label: {}
override: {}
owners: {labels_denylist: [approved, lgtm]}
project_config: {}
project_manager: {}
release_note: {guidelines_url: https://git.k8s.io/community/contributors/guide/release-notes.md}
retitle: {}
rifle: {request_count: 2}
sigmention: {regexp: '(?m)@kubernetes/sig-([\w-]*)-(misc|test-failures|bugs|feature-requests|proposals|pr-reviews|api-reviews)'}
size: {s: 0, m: 0, l: 0, xl: 0, xxl: 0}
slack: {}
`}, {"entries", `
external_plugins: {org: [{name: a}, {name: b, endpoint: "http://c"}]}
triggers: [{repos: [org], trusted_org: o}, {repos: [org2], trusted_org: o, join_org_url: "https://u"}]
cherry_pick_approved: [{org: o, repo: r}]
require_matching_label: [{org: o, issues: true, regexp: ^a/, missing_label: b}]
blunderbuss: {wait_for_status: {description: d}}
rifle: {request_count: 3, wait_for_status: {context: c, state: s, description: d}}
`, `
external_plugins: {org: [{name: a, endpoint: "http://a"}, {name: b, endpoint: "http://c"}]}
triggers: [{repos: [org], trusted_org: o, join_org_url: "https://github.com/orgs/o/people"}, {repos: [org2], trusted_org: o, join_org_url: "https://u"}]
cherry_pick_approved: [{org: o, repo: r, branchregexp: ^release-.*$}]
require_matching_label: [{org: o, issues: true, regexp: ^a/, missing_label: b, grace_period: 5s}]
blunderbuss: {request_count: 2, wait_for_status: {context: tide, state: pending, description: d}}
rifle: {request_count: 3, wait_for_status: {context: c, state: s, description: d}}
`}, {"places of ConfigMaps", `
config_updater:
  gzip: true
  cluster_groups:
    a: {clusters: [x, z], namespaces: [m]}
    b: {clusters: [x], namespaces: [l, o]}
    none: {}
  maps:
    one: {name: one, cluster_groups: [a, b], use_full_path_as_key: true, allowed_repos: [org], gzip: false}
    two: {partitioned_names: [p, q], clusters: {z: [r]}, key: k, denied_repos: [org/repo]}
    three: {name: three}
    four: {name: four, cluster_groups: [none]}
`, `
config_updater:
  gzip: true
  maps:
    one: {name: one, clusters: {x: [m, l, o], z: [m]}, use_full_path_as_key: true, allowed_repos: [org], gzip: false}
    two: {name: "", partitioned_names: [p, q], clusters: {z: [r]}, key: k, denied_repos: [org/repo]}
    three: {name: three, clusters: {default: [""]}}
    four: {name: four}
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want map[string]any
			if err := yaml.UnmarshalStrict([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			data, err := yaml.Marshal(load(t, c.given))
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := yaml.Unmarshal(data, &got); err != nil {
				t.Fatal(err)
			}
			if c.name != "nothing" { // the keys that are meant
				for key := range got {
					if _, meant := want[key]; !meant {
						delete(got, key)
					}
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
