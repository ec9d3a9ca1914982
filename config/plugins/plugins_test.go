// SPDX-License-Identifier: Apache-2.0

package plugins_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/plugins"
)

// files writes an archive into a folder.
func files(t *testing.T, archive string) (plugins.Files, string) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found := plugins.Files{Config: filepath.Join(dir, "plugins.yaml")}
	if supplemental := filepath.Join(dir, "more"); exists(supplemental) {
		found.SupplementalDirs = []string{supplemental}
	}
	return found, dir
}

func TestLookups(t *testing.T) {
	found, _ := files(t, `
-- plugins.yaml --
plugins:
  org: {plugins: [trigger, hold], excluded_repos: [quiet]}
  org/repo: [lgtm]
external_plugins:
  org:
  - {name: refresh}
triggers:
- {repos: [org], trusted_org: org}
- {repos: [org/repo], only_org_members: true}
- {repos: [org/repo], ignore_ok_to_test: true}
-- more/one/_pluginconfig.yaml --
plugins:
  org/quiet: {plugins: [size]}
external_plugins:
  org/repo: [{name: needs-rebase, endpoint: "http://rebase:8888", events: [pull_request]}]
triggers:
- {repos: [other/repo], trusted_apps: [app]}
`)
	c, err := plugins.Load(context.Background(), found)
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, got, want any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	check("of an org", c.PluginsFor("org", "any"), []string{"trigger", "hold"})
	check("of a repo", c.PluginsFor("org", "repo"), []string{"trigger", "hold", "lgtm"})
	check("of an excluded repo", c.PluginsFor("org", "quiet"), []string{"size"})
	check("of another org", c.PluginsFor("other", "repo"), []string(nil))
	check("enabled", []bool{c.Enabled("org", "repo", "lgtm"), c.Enabled("org", "any", "lgtm")}, []bool{true, false})
	check("external", c.ExternalPluginsFor("org", "repo"), []plugins.ExternalPlugin{
		{Name: "refresh", Endpoint: "http://refresh"},
		{Name: "needs-rebase", Endpoint: "http://rebase:8888", Events: []string{"pull_request"}},
	})
	check("trigger of the repo", c.TriggerFor("org", "repo"), plugins.Trigger{Repos: []string{"org/repo"}, OnlyOrgMembers: true})
	check("trigger of the org", c.TriggerFor("org", "any"), plugins.Trigger{Repos: []string{"org"}, TrustedOrg: "org", JoinOrgURL: "https://github.com/orgs/org/people"})
	check("trigger of another", c.TriggerFor("other", "repo").TrustedApps, []string{"app"})
	check("no trigger", c.TriggerFor("none", "repo"), plugins.Trigger{})
	orgs, repos := c.Repos()
	check("orgs", orgs, []string{"org"})
	check("repos", repos, []string{"org/quiet", "org/repo"})
}

func TestBroken(t *testing.T) {
	found, dir := files(t, `
-- plugins.yaml --
plugins:
  org: [trigger, blunderbuss]
  org/repo: {plugins: [trigger, rifle], excluded_repos: [x]}
external_plugins:
  org: [{name: a}]
  org/repo: [{name: a}, {endpoint: "http://b"}]
triggers: {repos: [org]}
-- more/_pluginconfig.yaml --
plugins:
  org: [hold]
external_plugins:
  org: [{name: b}]
label: {additional_labels: [a]}
size: {s: 1}
`)
	_, err := plugins.Load(context.Background(), found)
	if err == nil {
		t.Fatal("loads")
	}
	only := "may not be in a supplemental file: only approve, bugzilla, external_plugins, label, lgtm, plugins, triggers, welcome may"
	want := strings.Join([]string{
		"more/_pluginconfig.yaml:2: plugins[org]: is in another file too",
		"more/_pluginconfig.yaml:4: external_plugins[org]: is in another file too",
		"more/_pluginconfig.yaml:5: label.additional_labels: " + only,
		"more/_pluginconfig.yaml:6: size: " + only,
		"plugins.yaml:3: plugins[org/repo]: blunderbuss and rifle exclude each other",
		"plugins.yaml:3: plugins[org/repo]: plugin trigger is enabled for org already",
		"plugins.yaml:3: plugins[org/repo].excluded_repos: only an org can exclude repos",
		"plugins.yaml:6: external_plugins[org/repo]: plugin a is enabled for org already",
		"plugins.yaml:6: external_plugins[org/repo][1].name: is missing",
		"plugins.yaml:7: triggers: is a mapping, want a list",
	}, "\n")
	if diff := cmp.Diff(want, strings.ReplaceAll(err.Error(), dir+"/", "")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStoreStartsAndWarns(t *testing.T) {
	found, dir := files(t, "-- plugins.yaml --\nplugns: {}\nplugins:\n  org: {plgins: [hold]}\napprove: []\n")
	s, err := plugins.NewStore(t.Context(), found, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"plugins.yaml:1: plugns: is not known; did you mean plugins?",
		"plugins.yaml:3: plugins.org.plgins: is not known; did you mean plugins?",
		"plugins.yaml:4: approve: is known, but nothing acts on it yet",
	}, "\n")
	if diff := cmp.Diff(want, strings.ReplaceAll(document.Problems(s.Load().Warnings).Error(), dir+"/", "")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("plugins:\n  org: [trigger]\n  org/repo: {plugins: [hold], excluded_repos: [x]}\n", "triggers: [{repos: [org], trusted_org: org}]\n")
	f.Add("external_plugins: {org: [{name: a, events: [push]}]}\n", "label: {restricted_labels: {}}\nplugins: {org: [a]}\n")
	f.Add("plugins: {org: &a [b], c: *a, d: [[]], e: x}\n", "- plugins\n")
	f.Fuzz(func(t *testing.T, main, more string) {
		found, _ := files(t, "")
		dir := filepath.Dir(found.Config)
		found.SupplementalDirs = []string{dir}
		for name, text := range map[string]string{found.Config: main, filepath.Join(dir, "_pluginconfig.yaml"): more} {
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		c, err := plugins.Load(context.Background(), found)
		if (c == nil) == (err == nil) {
			t.Errorf("got %v and %v", c, err)
		}
	})
}
