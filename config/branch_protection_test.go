// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// protected is what TestProtection looks at.
const protected = `
branch-protection:
  enforce_admins: true
  required_status_checks: {contexts: [z, cla], strict: false}
  restrictions: {users: [ann], apps: [app]}
  exclude: [^x]
  orgs:
    org:
      required_pull_request_reviews:
        dismissal_restrictions: {teams: [t]}
        required_approving_review_count: 1
      repos:
        repo:
          enforce_admins: false
          required_status_checks: {contexts: [a], strict: true}
          restrictions: {users: [bob], teams: [s]}
          exclude: [^a]
          required_pull_request_reviews:
            dismissal_restrictions: {users: [u]}
            bypass_pull_request_allowances: {teams: [b]}
          branches:
            main: {protect: true, required_pull_request_reviews: {required_approving_review_count: 0}}
            unmanaged: {unmanaged: true, allow_deletions: true}
            open: {protect: false}
            undecided: {}
        other: {protect: true}
`

func TestProtection(t *testing.T) {
	repo := `"enforce_admins":false,"required_status_checks":{"contexts":["a","cla","z"],"strict":true},"exclude":["^a","^x"],` +
		`"restrictions":{"users":["ann","bob"],"teams":["s"],"apps":["app"]},"required_pull_request_reviews":{` +
		`"dismissal_restrictions":{"users":["u"],"teams":["t"]},"bypass_pull_request_allowances":{"teams":["b"]},"required_approving_review_count":`
	for name, c := range map[string]struct{ settings, branch, want string }{
		"lists are united, switches replaced": {"", "org/repo@main", `{"protect":true,` + repo + `0}}`},
		"a branch that is not named":          {"", "org/repo@next", `{` + repo + `1}}`},
		"unmanaged":                           {"", "org/repo@unmanaged", `{"unmanaged":true,"allow_deletions":true,` + repo + `1}}`},
		"a branch that is not decided":        {"", "org/repo@undecided", "protection of org/repo@undecided: branch undecided must set protect or unmanaged: true"},
		"settings without protection":         {"", "org/repo@open", "protection of org/repo@open: has settings, which need protect: true or allow_disabled_policies"},
		"settings without protection allowed": {"allow_disabled_policies: true", "org/repo@open", `{"protect":false,` + repo + `1}}`},
		"an org that is not named":            {"", "third/repo@main", "null"},
		"lists of one level keep their order": {"", "org/other@main", `{"protect":true,"enforce_admins":true,"required_status_checks":{"contexts":["z","cla"],"strict":false},` +
			`"restrictions":{"users":["ann"],"apps":["app"]},"exclude":["^x"],"required_pull_request_reviews":{"dismissal_restrictions":{"teams":["t"]},"required_approving_review_count":1}}`},
	} {
		t.Run(name, func(t *testing.T) { checkProtection(t, protected+"  "+c.settings, "", c.branch, c.want) })
	}
}

// The jobs of a branch add to what it requires.
func TestProtectionWithJobs(t *testing.T) {
	for name, c := range map[string]struct{ config, branch, want string }{
		"required jobs come to the contexts": {
			"orgs: {org: {protect: true, required_status_checks: {contexts: [cla]}}}", "main",
			`{"protect":true,"required_status_checks":{"contexts":["always","cla"]}}`,
		},
		"they are not protected by themselves": {"orgs: {org: {}}", "main", `{"required_status_checks":{"contexts":["always"]}}`},
		"but with protect-tested-repos":        {"{protect-tested-repos: true, orgs: {org: {}}}", "main", `{"protect":true,"required_status_checks":{"contexts":["always"]}}`},
		"manual jobs": {
			"{require_manually_triggered_jobs: true, orgs: {org: {}}}", "main",
			`{"require_manually_triggered_jobs":true,"required_status_checks":{"contexts":["always","manual"]}}`,
		},
		"jobs of other branches":          {"{protect-tested-repos: true, orgs: {org: {}}}", "quiet", "null"},
		"protect: false":                  {"orgs: {org: {protect: false}}", "main", "protection of org/repo@main: jobs are required, and need protect: true or allow_disabled_job_policies"},
		"protect: false allowed":          {"{allow_disabled_job_policies: true, orgs: {org: {protect: false}}}", "main", "null"},
		"protect: false without jobs":     {"orgs: {org: {protect: false}}", "quiet", `{"protect":false}`},
		"optional jobs":                   {"{protect-tested-repos: true, orgs: {org: {}}}", "docs", "null"},
		"optional jobs that are set":      {"{protect-tested-repos: true, protect_repos_with_optional_jobs: true, orgs: {org: {}}}", "docs", `{"protect":true,"required_status_checks":{}}`},
		"exclude and include say nothing": {"orgs: {org: {exclude: [a], unmanaged: false}}", "quiet", "null"},
	} {
		t.Run(name, func(t *testing.T) {
			more := "  - {name: docs, agent: jenkins, optional: true, always_run: true, branches: [docs]}\n"
			checkProtection(t, "branch-protection: "+wrapped(c.config), presubmits+more, "org/repo@"+c.branch, c.want)
		})
	}
}

// wrapped is a mapping in flow style.
func wrapped(text string) string {
	if strings.HasPrefix(text, "{") {
		return text
	}
	return "{" + text + "}"
}

// checkProtection compares the protection of a branch with JSON, or with an error's text.
func checkProtection(t *testing.T, config, jobs, branch, want string) {
	t.Helper()
	c := load(t, write(t, config, jobs))
	repo, branch, _ := strings.Cut(branch, "@")
	org, name := orgAndRepo(repo)
	got, err := c.ProtectionFor(org, name, branch, c.Presubmits(repo))
	if err != nil {
		if err.Error() != want {
			t.Errorf("got the error %v, want %s", err, want)
		}
		return
	}
	if !strings.HasPrefix(want, "{") && want != "null" {
		t.Fatalf("got %+v, want the error %s", got, want)
	}
	if diff := diffJSON(t, []byte(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Supplemental files add levels that have no policy yet.
func TestSupplementalProtection(t *testing.T) {
	files := write(t, "branch-protection: {orgs: {org: {repos: {repo: {branches: {main: {protect: true}}}}}}}", "")
	files.SupplementalConfigDirs = []string{t.TempDir()}
	for name, text := range map[string]string{
		"a": "branch-protection: {allow_deletions: true, allow_disabled_policies: true, orgs: {org: {protect: false, repos: {repo: {branches: {next: {protect: true}}}}}}}",
		"b": "branch-protection: {orgs: {org: {repos: {repo: {enforce_admins: true}}}, more: {protect: true}}}\nslack_reporter_configs: {more: {channel: c}}",
	} {
		if err := os.WriteFile(filepath.Join(files.SupplementalConfigDirs[0], name+"_prowconfig.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := load(t, files)
	want := `{"allow_deletions":true,"allow_disabled_policies":true,"orgs":{"more":{"protect":true},"org":{"protect":false,"repos":{"repo":{
		"enforce_admins":true,"branches":{"main":{"protect":true},"next":{"protect":true}}}}}}}`
	if diff := diffJSON(t, []byte(want), c.BranchProtection); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := c.SlackReporterConfigs["more"].ReportTemplate; !strings.HasPrefix(got, "Job {{.Spec.Job}} of type") {
		t.Errorf("the template is %q", got)
	}
}
