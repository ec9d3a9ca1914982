// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/cutwater-ci/cutwater/config"
)

// FuzzSupplement loads a configuration and a supplemental file, and asks what it says.
func FuzzSupplement(f *testing.F) {
	f.Add("tide: {merge_method: {a: {b: {'c.*': squash}}}, queries: [{orgs: [a], excludedRepos: [a/c]}]}", "tide: {merge_method: {a/b: merge}, queries: [{repos: [b/c], labels: ['x,y']}]}")
	f.Add("branch-protection: {protect: true, orgs: {a: {repos: {b: {branches: {c: {unmanaged: true}}}}}}}", "branch-protection: {orgs: {a: {protect: false, repos: {b: {exclude: [x]}}}}}")
	f.Add("tide: {context_options: {optional-regex-contexts: ['^x'], orgs: {a: {from-branch-protection: true}}}}", "slack_reporter_configs: {'*': {channel: c, report_template: '{{.Spec.Job}}'}}")
	f.Add("gangway: {allowed_api_clients: [{}]}\njenkins_operators: [{}, {label_selector: '!a'}]", "plank: {}\nsinker: ~\npresubmits: {}\nprowjob_namespace: x")
	f.Add("pubsub_subscriptions: {a: [b]}\nmanaged_webhooks: {org_repo_config: {a: {token_created_after: 2020-01-01T00:00:00Z}}}", "tide: [x]\nbranch-protection: x")
	f.Fuzz(func(t *testing.T, main, supplement string) {
		files := write(t, main, "")
		files.SupplementalConfigDirs = []string{t.TempDir()}
		if err := os.WriteFile(filepath.Join(files.SupplementalConfigDirs[0], "_prowconfig.yaml"), []byte(supplement), 0o644); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(context.Background(), files)
		if (c == nil) == (err == nil) {
			t.Fatalf("got %v and %v", c, err)
		}
		if c == nil {
			return
		}
		for i := range c.Tide.Queries {
			q := &c.Tide.Queries[i]
			if len(q.Searches()) == 0 || q.Search() == "" {
				t.Errorf("query %d searches nowhere: %+v", i, q)
			}
		}
		switch method := c.Tide.MergeMethod.For("a", "b", "c"); method {
		case config.MergeCommit, config.MergeSquash, config.MergeRebase:
		default:
			t.Errorf("the merge method is %q", method)
		}
		if policy, err := c.TideContextPolicy("a", "b", "c", nil); err == nil {
			for _, context := range policy.RequiredContexts {
				if policy.IsOptional(context) {
					t.Errorf("%q is required and optional", context)
				}
			}
		}
		if _, err := c.ProtectionFor("a", "b", "c", nil); err != nil && c.BranchProtection.Orgs == nil {
			t.Errorf("the protection of what is not named is wrong: %v", err)
		}
	})
}
