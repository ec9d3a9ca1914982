// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// pod is a job with a pod that has more in it.
func pod(more string) string {
	return "presubmits: {o/r: [{name: a, spec: {containers: [{image: i}], " + more + "}}]}"
}

func TestRightDocuments(t *testing.T) {
	schemas := compile(t)
	for _, test := range []struct{ name, schema, text string }{
		{"nothing", "config.json", ""},
		{"nothing below a key", "config.json", "plank:\ntide:\n  queries:\npresubmits:\n"},
		{"a duration", "config.json", "plank: {pod_pending_timeout: 1h30m, pod_running_timeout: -1.5h}"},
		{"a duration in nanoseconds", "config.json", "plank: {pod_pending_timeout: 60000000000}"},
		{"merge methods, both forms", "config.json", "tide: {merge_method: {o/r@b: rebase, o/r: merge, o: {r: squash, '*': {main: merge}}}}"},
		{"a switch that may be unset", "config.json", "branch-protection: {protect: true, orgs: {o: {repos: {r: {branches: {b: {protect: false}}}}}}}"},
		{"jobs in the main file", "config.json", "periodics: [{name: a, interval: 1h}]"},
		{"anything for a lens", "config.json", "deck: {spyglass: {lenses: [{required_files: [a], lens: {name: x, config: {a: [1]}}}]}}"},
		{"a time", "config.json", "managed_webhooks: {org_repo_config: {o: {token_created_after: 2021-03-04T05:06:07Z}}}"},
		{"anything in prow_ignored", "jobs.json", "prow_ignored: {a: &x [1], b: *x}"},
		{"quantities", "jobs.json", pod("overhead: {cpu: 2, memory: 1.5Gi, x: 100m, y: 1e3, z: .5}")},
		{"a port by number, a port by name", "jobs.json", pod("initContainers: [{livenessProbe: {httpGet: {port: 80}}, readinessProbe: {httpGet: {port: http}}}]")},
		{"a number in a preset of a job file", "jobs.json", "presets: [{env: [{name: A, value: 1}, {name: B, value: true}]}]"},
		{"a pipeline", "jobs.json", "periodics: [{name: a, cron: '@daily', agent: tekton-pipeline, tekton_pipeline_run_spec: {v1beta1: {any: [1]}}}]"},
		{"a list of jobs", "prow.json", "presubmits: [{name: a, always_run: true}]"},
		{"plugins, the newer form", "plugins.json", "plugins: {o: {plugins: [hold], excluded_repos: [r]}}"},
		{"plugins, the older form", "plugins.json", "plugins: {o: [hold]}"},
		{"a number for a milestone", "plugins.json", "milestone_applier: {o/r: {main: 1.2}}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := schemas.validate(t, test.schema, "test.yaml", test.text); err != nil {
				t.Errorf("%s: %v", test.text, err)
			}
		})
	}
}

func TestWrongDocuments(t *testing.T) {
	schemas := compile(t)
	for _, test := range []struct{ name, schema, text, at string }{
		{"a list", "config.json", "[]", "''"},
		{"a key that nobody knows", "config.json", "plonk: {}", "'plonk'"},
		{"one further down", "config.json", "plank: {default_decoration_config_entries: [{config: {timeuot: 1h}}]}", "'timeuot'"},
		{"a key with a dash", "config.json", "branch_protection: {}", "'branch_protection'"},
		{"no duration", "config.json", "sinker: {max_pod_age: 1 day}", "'/sinker/max_pod_age'"},
		{"a duration without a unit", "config.json", "sinker: {max_pod_age: '10'}", "'/sinker/max_pod_age'"},
		{"half a nanosecond", "config.json", "sinker: {max_pod_age: 0.5}", "'/sinker/max_pod_age'"},
		{"a number in nanoseconds for Kubernetes' duration", "jobs.json", "periodics: [{name: a, decoration_config: {pod_pending_timeout: 1}}]", "pod_pending_timeout'"},
		{"text for a number", "config.json", "plank: {max_goroutines: many}", "'/plank/max_goroutines'"},
		{"half a goroutine", "config.json", "plank: {max_goroutines: 0.5}", "'/plank/max_goroutines'"},
		{"text for a switch", "config.json", "tide: {context_options: {from-branch-protection: 'true'}}", "from-branch-protection'"},
		{"a text for a list", "config.json", "deck: {hidden_repos: o/r}", "'/deck/hidden_repos'"},
		{"a list for a mapping", "config.json", "plank: {report_templates: [a]}", "'/plank/report_templates'"},
		{"a merge method that is none", "config.json", "tide: {merge_method: {o: fast-forward}}", "'/tide/merge_method/o'"},
		{"a nested merge method that is none", "config.json", "tide: {merge_method: {o: {r: {main: fast-forward}}}}", "'/tide/merge_method/o'"},
		{"a policy that is none", "config.json", "tide: {github_merge_blocks_policy: {o: maybe}}", "github_merge_blocks_policy/o'"},
		{"a state that is none", "config.json", "slack_reporter_configs: {o: {job_states_to_report: [sucess]}}", "job_states_to_report/0'"},
		{"a negative priority", "config.json", "deck: {spyglass: {lenses: [{remote_config: {priority: -1}}]}}", "priority'"},
		{"no time", "config.json", "managed_webhooks: {org_repo_config: {o: {token_created_after: yesterday}}}", "token_created_after'"},
		{"a number for a text in the main file", "config.json", "presets: [{env: [{name: A, value: 1}]}]", "value'"},
		{"a list of jobs by nobody", "jobs.json", "presubmits: [{name: a}]", "'/presubmits'"},
		{"a misspelt key of a job", "jobs.json", "presubmits: {o/r: [{name: a, allways_run: true}]}", "'allways_run'"},
		{"a misspelt key of a pod", "jobs.json", pod("nodeSelecter: {}"), "'nodeSelecter'"},
		{"a number in the environment", "jobs.json", pod("initContainers: [{env: [{name: A, value: 1}]}]"), "env/0/value'"},
		{"no quantity", "jobs.json", pod("overhead: {memory: 1 GB}"), "overhead/memory'"},
		{"no port", "jobs.json", pod("initContainers: [{livenessProbe: {httpGet: {port: [80]}}}]"), "port'"},
		{"a key of presubmits in a periodic", "jobs.json", "periodics: [{name: a, run_if_changed: b}]", "'run_if_changed'"},
		{"a path strategy that is none", "jobs.json", "periodics: [{name: a, decoration_config: {gcs_configuration: {path_strategy: short}}}]", "path_strategy'"},
		{"jobs by repository in a repository", "prow.json", "presubmits: {o/r: [{name: a}]}", "'/presubmits'"},
		{"periodics in a repository", "prow.json", "periodics: []", "'periodics'"},
		{"a plugin for a list of them", "plugins.json", "plugins: {o: hold}", "'/plugins/o'"},
		{"a key that no plugin has", "plugins.json", "approve: [{repo: [o]}]", "'repo'"},
		{"text for a number of lines", "plugins.json", "size: {s: ten}", "'/size/s'"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := schemas.validate(t, test.schema, "test.yaml", test.text)
			if err == nil {
				t.Fatalf("%s is valid", test.text)
			}
			if !strings.Contains(err.Error(), test.at) {
				t.Errorf("%s: got %v, which does not name %s", test.text, err, test.at)
			}
			if misread(t, newDecoder(), test.schema, "test.yaml", test.text) == "" && !strings.HasSuffix(test.name, "that is none") {
				t.Errorf("%s is read without a word", test.text)
			}
		})
	}
}

// walk calls each with every key of a schema, of its definitions too.
func walk(s *schema, place string, each func(place string, p property)) {
	for _, p := range s.Properties {
		each(place+"."+p.key, p)
		walk(p.schema, place+"."+p.key, each)
	}
	if below, ok := s.Additional.(*schema); ok {
		walk(below, place+".*", each)
	}
	if s.Items != nil {
		walk(s.Items, place+"[]", each)
	}
	for _, form := range s.AnyOf {
		walk(form, place, each)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Defs)) {
		walk(s.Defs[name], name, each)
	}
}

func built(t *testing.T) *builder {
	t.Helper()
	c, err := readComments(root)
	if err != nil {
		t.Fatal(err)
	}
	b := newBuilder(c)
	for _, d := range all() {
		b.add(d)
	}
	if err := b.err(); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryKeyHasADescription(t *testing.T) {
	keys := 0
	for name, s := range built(t).schemas {
		walk(s, name, func(place string, p property) {
			keys++
			if strings.TrimSpace(p.schema.Description) == "" {
				t.Errorf("%s: %s has no description", name, place)
			}
		})
	}
	if keys < 1000 {
		t.Errorf("looked at %d keys only", keys)
	}
}

// What there is in Kubernetes is explained there; of the rest every key is on
// the page, in the table of its type.
func TestThePageNamesEveryKey(t *testing.T) {
	b := built(t)
	text := string(page(b, nil))
	keys := 0
	for _, s := range b.sections {
		title := "\n### " + s.is.Name() + "\n"
		if chapter(s.is) == "" {
			for _, d := range all() {
				if d.root() == s.is {
					title = "\n## " + d.title + "\n"
				}
			}
		}
		_, below, found := strings.Cut(text, title)
		if s.is.Name() == "mainFile" {
			continue // It only has the keys of others.
		}
		if !found {
			t.Errorf("there is no %q", title)
		}
		table, _, _ := strings.Cut(below, "\n## ")
		table, _, _ = strings.Cut(table, "\n### ")
		for _, f := range s.entries {
			keys++
			if !strings.Contains(table, fmt.Sprintf("\n| `%s` | ", f.key)) {
				t.Errorf("%q does not name %s", title, f.key)
			}
		}
	}
	if keys < 400 {
		t.Errorf("looked at %d keys only", keys)
	}
}

func TestHeadingsAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for line := range strings.Lines(string(page(built(t), nil))) {
		if !strings.HasPrefix(line, "#") {
			continue
		}
		anchor := strings.ToLower(strings.TrimSpace(strings.TrimLeft(line, "#")))
		if seen[anchor] {
			t.Errorf("two headings are %q, so links to it lead to the first", anchor)
		}
		seen[anchor] = true
	}
}

func TestSchemasAreInTheOrderOfTheStructs(t *testing.T) {
	data, err := json.Marshal(properties{{"b", &schema{}}, {"a", &schema{}}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(data), `{"b":{},"a":{}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A key without a comment of its own, or of its type, would be explained by what it
// is in, which says little.
func TestKeysHaveTheirOwnComments(t *testing.T) {
	b := built(t)
	for _, s := range b.sections {
		for _, f := range s.entries {
			if says := b.description(f, quoted); strings.HasPrefix(says, "Part of ") {
				t.Errorf("%v.%s has no comment", f.owner, f.name)
			}
		}
	}
}
