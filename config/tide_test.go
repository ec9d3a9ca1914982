// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cutwater-ci/cutwater/config"
)

func TestMergeMethod(t *testing.T) {
	c := load(t, write(t, `
tide:
  merge_method:
    org/repo@main: squash
    org/repo: rebase
    org/shorthand: squash
    org:
      repo:
        next|main: merge
        b.*: rebase
        .*c: squash
      plain: rebase
      shorthand: merge
      unset: ""
      "*":
        release-.*: rebase
    flat: squash
    nothing: ~
`, ""))
	for branch, want := range map[string]config.MergeMethod{
		"org/repo@main":         "squash", // The branch itself comes before the expressions.
		"org/repo@next":         "merge",  // Expressions come before the repository.
		"org/repo@the-next-one": "merge",  // They match anywhere.
		"org/repo@bc":           "squash", // Of several the first in the order of the alphabet counts: .*c before b.*.
		"org/repo@other":        "rebase",
		"org/repo@":             "rebase",
		"org/shorthand@main":    "squash", // org/repo comes before the nested repository.
		"org/plain@main":        "rebase",
		"org/unset@release-1":   "merge", // The repository is named, so that "*" does not stand for it.
		"org/more@release-1":    "rebase",
		"org/more@main":         "merge",
		"flat/repo@main":        "squash",
		"nothing/repo@main":     "merge",
		"nowhere/repo@main":     "merge",
	} {
		repo, branch, _ := strings.Cut(branch, "@")
		org, repo := orgAndRepo(repo)
		if got := c.Tide.MergeMethod.For(org, repo, branch); got != want {
			t.Errorf("%s/%s@%s is merged by %s, want %s", org, repo, branch, got, want)
		}
	}
	want := `{"flat":"squash","nothing":"","org":{"*":{"release-.*":"rebase"},"plain":"rebase","repo":{".*c":"squash","b.*":"rebase","next|main":"merge"},` +
		`"shorthand":"merge","unset":""},"org/repo":"rebase","org/repo@main":"squash","org/shorthand":"squash"}`
	if diff := diffJSON(t, []byte(want), c.Tide.MergeMethod); diff != "" {
		t.Errorf("as JSON (-want +got):\n%s", diff)
	}
}

// The narrowest entry counts, and what is unset has its default.
func TestTideByRepo(t *testing.T) {
	c := load(t, write(t, `
tide:
  batch_size_limit: {"*": 5, org: 3, org/repo: 0}
  prioritize_existing_batches: {org: false, org/repo: true}
  github_merge_blocks_policy: {org: block}
  target_url: https://all
  pr_status_base_urls: {"*": https://pr, org/repo: https://mine}
  merge_commit_template: {org: {title: "{{.Title}}", body: x}, org/repo: {title: T}}
  gerrit: {queries: [{org: https://g, repos: [r]}]}
`, ""))
	type answers struct {
		Size     int
		First    bool
		Blocks   config.MergeBlocksPolicy
		URL, PR  string
		Template config.MergeCommitTemplate
	}
	for name, want := range map[string]answers{
		"org/repo":  {0, true, "block", "https://all", "https://mine", config.MergeCommitTemplate{Title: "T"}},
		"org/other": {3, false, "block", "https://all", "https://pr", config.MergeCommitTemplate{Title: "{{.Title}}", Body: "x"}},
		"third/one": {5, true, "permit", "https://all", "https://pr", config.MergeCommitTemplate{}},
	} {
		org, repo := orgAndRepo(name)
		got := answers{
			c.Tide.BatchSizeFor(org, repo), c.Tide.PrioritizesBatches(org, repo), c.Tide.MergeBlocksFor(org, repo),
			c.Tide.TargetURLFor(org, repo), c.Tide.PRStatusBaseURLFor(org, repo), c.Tide.MergeCommitTemplateFor(org, repo),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if c.Tide.Gerrit.RateLimit != 5 {
		t.Errorf("gerrit's rate limit is %d", c.Tide.Gerrit.RateLimit)
	}
}

// Queries that differ only in where they search become one, if the tenants are the same.
func TestQueriesAreUnited(t *testing.T) {
	c := load(t, write(t, `
prowjob_default_entries:
- {repo: secret, config: {tenant_id: theirs}}
tide:
  queries:
  - {orgs: [z], labels: [b, a], excludedRepos: [z/x]}
  - {repos: [y/one], labels: [a, b]}
  - {orgs: [z], labels: [a, b], excludedRepos: [z/w]}
  - {orgs: [secret], labels: [a, b]}
  - {repos: [y/one], labels: [a, b], author: bot, milestone: v 1, reviewApprovedRequired: true, includedBranches: [main], missingLabels: ["c,d"]}
  - {repos: [y/two], labels: ["a,b c"], excludedBranches: [old, dead]}
`, ""))
	var got []string
	for i := range c.Tide.Queries {
		got = append(got, c.Tide.Queries[i].Search())
	}
	want := []string{
		`is:pr state:open archived:false author:"bot" base:"main" label:"a" label:"b" -label:"c,d" milestone:"v 1" review:approved repo:"y/one"`,
		`is:pr state:open archived:false label:"a" label:"b" org:"secret"`,
		`is:pr state:open archived:false label:"a" label:"b" repo:"y/one" org:"z" -repo:"z/x" -repo:"z/w"`,
		`is:pr state:open archived:false -base:"dead" -base:"old" label:"a","b c" repo:"y/two"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	all := &c.Tide.Queries[2]
	for name, want := range map[string]bool{"z/x": false, "z/y": true, "y/one": true, "y/two": false, "secret/x": false} {
		org, repo := orgAndRepo(name)
		if got := all.IsFor(org, repo); got != want {
			t.Errorf("IsFor(%s) = %v", name, got)
		}
	}
}

// presubmits are one of each kind, all of branch main.
const presubmits = `
presubmits:
  org/repo:
  - {name: always, agent: jenkins, always_run: true, branches: [main, next]}
  - {name: changed, agent: jenkins, run_if_changed: go, branches: [main]}
  - {name: manual, agent: jenkins, branches: [main]}
  - {name: optional, agent: jenkins, always_run: true, optional: true, branches: [main]}
  - {name: silent, agent: jenkins, always_run: true, skip_report: true, branches: [main]}
  - {name: manual-optional, agent: jenkins, optional: true, branches: [main]}
  - {name: elsewhere, agent: jenkins, always_run: true, branches: [other]}
`

func TestContextPolicy(t *testing.T) {
	c := load(t, write(t, `
branch-protection:
  orgs:
    org:
      require_manually_triggered_jobs: true
      protect: true
      required_status_checks: {contexts: [cla]}
      repos:
        repo:
          branches:
            next: {protect: false}
tide:
  context_options:
    skip-unknown-contexts: false
    required-contexts: [general, cla]
    optional-regex-contexts: ["^lint-"]
    orgs:
      org:
        skip-unknown-contexts: true
        overwrite-pending-contexts: true
        required-if-present-contexts: [deploy]
        repos:
          repo:
            from-branch-protection: true
            optional-contexts: [codecov]
            branches:
              next: {skip-unknown-contexts: false, from-branch-protection: false}
`, presubmits))
	yes, no := true, false
	for branch, want := range map[string]config.ContextPolicy{
		"main": {
			SkipUnknownContexts: &yes, OverwritePendingContexts: &yes,
			RequiredContexts:          []string{"always", "cla", "general", "manual"},
			RequiredIfPresentContexts: []string{"changed", "deploy"},
			OptionalContexts:          []string{"codecov", "manual-optional", "optional", "silent"},
			OptionalRegexContexts:     []string{"^lint-"},
		},
		"next": {
			SkipUnknownContexts: &no, OverwritePendingContexts: &yes,
			RequiredContexts:          []string{"always", "cla", "general"},
			RequiredIfPresentContexts: []string{"deploy"},
			OptionalContexts:          []string{"codecov"},
			OptionalRegexContexts:     []string{"^lint-"},
		},
	} {
		got, err := c.TideContextPolicy("org", "repo", branch, c.Presubmits("org/repo"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&want, got, cmpopts.IgnoreUnexported(config.ContextPolicy{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", branch, diff)
		}
		for context, want := range map[string]bool{
			"always": false, "deploy": false, "codecov": true, "lint-go": true, "go-lint-": *want.SkipUnknownContexts, "unknown": *want.SkipUnknownContexts,
		} {
			if got := got.IsOptional(context); got != want {
				t.Errorf("%s: IsOptional(%s) = %v", branch, context, got)
			}
		}
		if diff := cmp.Diff([]string{"cla", "general"}, got.Missing([]string{"always", "manual"})); diff != "" {
			t.Errorf("%s: missing (-want +got):\n%s", branch, diff)
		}
	}
}

// What contradicts itself is an error when a pull comes along.
func TestContextPolicyContradictions(t *testing.T) {
	for options, want := range map[string]string{
		"required-contexts: [a], optional-contexts: [a]":                `"a" is one of required-contexts too: optional-contexts[0]`,
		"required-if-present-contexts: [a], optional-contexts: [b, a]":  `"a" is one of required-if-present-contexts too: optional-contexts[0]`,
		"required-if-present-contexts: [a], required-contexts: [a]":     `"a" is one of required-contexts too: required-if-present-contexts[0]`,
		"required-contexts: [optional]":                                 `"optional" is one of required-contexts too: optional-contexts[1]`,
		"optional-regex-contexts: [^al]":                                `"^al" matches "always", which is required: optional-regex-contexts[0]`,
		"optional-regex-contexts: ['[']":                                "error parsing regexp",
		"optional-regex-contexts: ['^dep'], required-contexts: [depot]": `"^dep" matches "depot", which is required: optional-regex-contexts[0]`,
	} {
		c := load(t, write(t, "tide: {context_options: {"+options+"}}", presubmits))
		_, err := c.TideContextPolicy("org", "repo", "main", c.Presubmits("org/repo"))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "contexts of org/repo@main: ") {
			t.Errorf("%s: got %v, want %s", options, err, want)
		}
	}
}

func TestPresubmitsOfGerrit(t *testing.T) {
	c := load(t, write(t, "{}", `
presubmits:
  https://g/repo: [{name: a, agent: jenkins}]
  g/repo: [{name: b, agent: jenkins}]
postsubmits:
  g/repo: [{name: c, agent: jenkins}]
`))
	names := func(repo string) []string {
		var names []string
		for _, p := range c.Presubmits(repo) {
			names = append(names, p.Name)
		}
		for _, p := range c.Postsubmits(repo) {
			names = append(names, p.Name)
		}
		return names
	}
	if got := names("https://g/repo"); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("with a scheme there are %v", got)
	}
	if got := names("g/repo"); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("without a scheme there are %v", got)
	}
}
