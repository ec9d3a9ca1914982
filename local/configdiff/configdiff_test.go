// SPDX-License-Identifier: Apache-2.0

package configdiff_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/local/configdiff"
)

// load loads config.yaml and a job file.
func load(t *testing.T, configYAML, jobsYAML string) configdiff.Side {
	t.Helper()
	dir := t.TempDir()
	files := config.Files{Config: filepath.Join(dir, "config.yaml"), Jobs: filepath.Join(dir, "jobs.yaml")}
	for name, text := range map[string]string{files.Config: configYAML, files.Jobs: jobsYAML} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	return configdiff.Side{Jobs: c.Jobs, Root: dir}
}

const decorated = `plank:
  default_decoration_config_entries:
  - config:
      timeout: 2h
      grace_period: 10s
      utility_images: {clonerefs: clonerefs:1, initupload: initupload:1, entrypoint: entrypoint:1, sidecar: sidecar:1}
      gcs_configuration: {bucket: results, path_strategy: explicit}
`

// presubmit is a job file with a presubmit that has some more lines.
func presubmit(lines ...string) string {
	return "presubmits:\n  org/repo:\n  - name: unit\n" + indented("    ", lines)
}

func postsubmit(lines ...string) string {
	return "postsubmits:\n  org/repo:\n  - name: publish\n" + indented("    ", lines)
}

func periodic(lines ...string) string {
	return "periodics:\n- name: nightly\n" + indented("  ", lines)
}

func indented(by string, lines []string) string {
	return by + strings.Join(lines, "\n"+by) + "\n"
}

// onBranches is a job file with presubmits of one name, each of which has some more lines.
func onBranches(each ...string) string {
	return "presubmits:\n  org/repo:\n  - {name: unit, " + strings.Join(each, "}\n  - {name: unit, ") + "}\n"
}

const spec = "spec: {containers: [{image: golang, command: [make, test]}]}"

func TestCompare(t *testing.T) {
	for _, tc := range []struct {
		name                 string
		oldConfig, newConfig string
		before, after        string
		want                 string
	}{
		{
			name:   "nothing",
			before: presubmit("always_run: true", spec),
			after:  "# moved\n\n" + presubmit("always_run: true", "spec:\n      containers:\n      - command: [make, test]\n        image: golang"),
			want:   "no job changes\n",
		},
		{
			name:   "a default that is written out",
			before: presubmit(spec),
			after:  presubmit("cluster: default", "agent: kubernetes", "context: unit", "always_run: false", spec),
			want:   "no job changes\n",
		},
		{
			name:   "added",
			before: "periodics: []",
			after:  presubmit("always_run: true", "branches: [main, 'release-.*']", "optional: true", spec),
			want: `1 added, 0 removed, 0 changed

+ presubmit unit of org/repo (jobs.yaml:3)
    runs on every pull request into main|release-.*; optional
`,
		},
		{
			name:   "removed",
			before: periodic("cron: 0 * * * *", spec),
			after:  "periodics: []",
			want: `0 added, 1 removed, 0 changed

- periodic nightly (jobs.yaml:2)
    ran at "0 * * * *", in UTC
`,
		},
		{
			name:   "renamed, and another type of one name",
			before: presubmit(spec) + strings.Replace(postsubmit(spec), "publish", "unit", 1),
			after:  strings.Replace(presubmit(spec), "unit", "test", 1) + strings.Replace(postsubmit(spec), "publish", "unit", 1),
			want: `1 added, 1 removed, 0 changed

+ presubmit test of org/repo (jobs.yaml:3)
    runs on pull requests where somebody comments "/test test"

- presubmit unit of org/repo (jobs.yaml:3)
    ran on pull requests where somebody comments "/test unit"
`,
		},
		{
			name:   "when a presubmit runs",
			before: presubmit("always_run: true", spec),
			after: presubmit("run_if_changed: ^pkg/", "skip_branches: [old]", "run_before_merge: true", "optional: true",
				"trigger: '/check'", "rerun_command: /check", spec),
			want: `0 added, 0 removed, 1 changed

~ presubmit unit of org/repo (jobs.yaml:3)
    when it runs:
      always_run: true -> false
      + optional: true
      rerun_command: "/test unit" -> "/check"
      + run_before_merge: true
      + run_if_changed: "^pkg/"
      + skip_branches: ["old"]
      trigger: "(?m)^/test( | .* )unit,?($|\\s.*)" -> "/check"
`,
		},
		{
			name:   "when a postsubmit runs",
			before: postsubmit("branches: [main]", "skip_if_only_changed: ^docs/", spec),
			after:  postsubmit("branches: [main, next]", "always_run: false", spec),
			want: `0 added, 0 removed, 1 changed

~ postsubmit publish of org/repo (jobs.yaml:3)
    when it runs:
      + always_run: false
      + branches[1]: "next"
      - skip_if_only_changed: "^docs/"
`,
		},
		{
			name:   "when a periodic runs",
			before: periodic("interval: 1h", spec),
			after:  periodic("cron: '@daily'", "retry: {attempts: 3, interval: 5m}", spec),
			want: `0 added, 0 removed, 1 changed

~ periodic nightly (jobs.yaml:2)
    when it runs:
      + cron: "@daily"
      - interval: "1h"
      + retry: {"attempts":3,"interval":"5m"}
`,
		},
		{
			name:   "the pod of an undecorated job",
			before: presubmit("labels: {team: a}", spec),
			after: presubmit("labels: {team: b}", "annotations: {example.com/owner: ann}",
				"spec: {containers: [{image: golang:2, command: [make, -j2, test], env: [{name: A, value: '1'}], resources: {requests: {cpu: 2}}}], nodeSelector: {big: 'yes'}}"),
			want: `0 added, 0 removed, 1 changed

~ presubmit unit of org/repo (jobs.yaml:3)
    its pod:
      + metadata.annotations[example.com/owner]: "ann"
      metadata.labels.team: "a" -> "b"
      + spec.containers[test].command[1]: "-j2"
      + spec.containers[test].env[A]: "1"
      spec.containers[test].image: "golang" -> "golang:2"
      + spec.containers[test].resources.requests: {"cpu":"2"}
      + spec.nodeSelector: {"big":"yes"}
`,
		},
		{
			name:      "what a decorated job runs is told once",
			oldConfig: decorated, newConfig: decorated,
			before: presubmit("decorate: true", "spec: {containers: [{image: golang, command: [bash, -c, \"set -e\\nmake\\nmake test\\n\"]}]}"),
			after:  presubmit("decorate: true", "spec: {containers: [{image: golang, command: [bash, -c, \"set -e\\nmake all\\nmake test\\n\"]}]}"),
			want: `0 added, 0 removed, 1 changed

~ presubmit unit of org/repo (jobs.yaml:3)
    its pod:
      spec.containers[test].command[2]:
        - make
        + make all
`,
		},
		{
			name:      "how it is cloned and decorated",
			oldConfig: decorated, newConfig: decorated,
			before: presubmit("decorate: true", spec),
			after:  presubmit("decorate: true", "clone_depth: 1", "extra_refs: [{org: org, repo: other, base_ref: main}]", "decoration_config: {timeout: 3h}", spec),
			want: `0 added, 0 removed, 1 changed

~ presubmit unit of org/repo (jobs.yaml:3)
    its pod:
      JOB_SPEC.decoration_config.timeout: "2h0m0s" -> "3h0m0s"
      + JOB_SPEC.extra_refs: [{"base_ref":"main","org":"org","repo":"other"}]
      + JOB_SPEC.refs.clone_depth: 1
      spec.containers[test].env[ENTRYPOINT_OPTIONS].timeout: 7200000000000 -> 10800000000000
      + spec.initContainers[clonerefs].env[CLONEREFS_OPTIONS].refs[0].clone_depth: 1
      + spec.initContainers[clonerefs].env[CLONEREFS_OPTIONS].refs[1]: {"base_ref":"main","org":"org","repo":"other"}
`,
		},
		{
			name:   "the order of variables",
			before: presubmit("spec: {containers: [{image: golang, env: [{name: A, value: '1'}, {name: B, value: $(A)}]}]}"),
			after:  presubmit("spec: {containers: [{image: golang, env: [{name: B, value: $(A)}, {name: A, value: '1'}]}]}"),
			want: `0 added, 0 removed, 1 changed

~ presubmit unit of org/repo (jobs.yaml:3)
    its pod:
      spec.containers[test].env (order): ["A","B"] -> ["B","A"]
`,
		},
		{
			name:   "the rest",
			before: presubmit(spec),
			after:  presubmit("max_concurrency: 3", "cluster: build", "context: ci/unit", "skip_report: true", "hidden: true", "reporter_config: {slack: {channel: ci}}", spec),
			want: `0 added, 0 removed, 1 changed

~ presubmit unit of org/repo (jobs.yaml:3)
    its pod:
      metadata.annotations[prow.k8s.io/context]: "unit" -> "ci/unit"
    the rest:
      context: "unit" -> "ci/unit"
      + skip_report: true
      cluster: "default" -> "build"
      + hidden: true
      + max_concurrency: 3
      + reporter_config: {"slack":{"channel":"ci"}}
`,
		},
		{
			name:   "a job without a pod",
			before: presubmit("agent: jenkins", "labels: {a: b}"),
			after:  presubmit("agent: jenkins", "labels: {a: c}"),
			want: `0 added, 0 removed, 1 changed

~ presubmit unit of org/repo (jobs.yaml:3)
    the rest:
      labels.a: "b" -> "c"
`,
		},
		{
			name:   "jobs that change alike are told together, and presets are in",
			before: "presets: [{labels: {cache: 'true'}, env: [{name: CACHE, value: old}]}]\n" + presubmit("labels: {cache: 'true'}", spec) + postsubmit("labels: {cache: 'true'}", spec) + periodic("interval: 1h", spec),
			after:  "presets: [{labels: {cache: 'true'}, env: [{name: CACHE, value: new}]}]\n" + presubmit("labels: {cache: 'true'}", spec) + postsubmit("labels: {cache: 'true'}", spec) + periodic("interval: 1h", spec),
			want: `0 added, 0 removed, 2 changed

~ presubmit unit of org/repo (jobs.yaml:4)
~ postsubmit publish of org/repo (jobs.yaml:9)
    its pod:
      spec.containers[test].env[CACHE]: "old" -> "new"
`,
		},
		{
			name:      "a default of config.yaml",
			oldConfig: decorated, newConfig: strings.Replace(decorated, "sidecar:1", "sidecar:2", 1),
			before: presubmit("decorate: true", spec),
			after:  presubmit("decorate: true", spec),
			want: `0 added, 0 removed, 1 changed

~ presubmit unit of org/repo (jobs.yaml:3)
    its pod:
      JOB_SPEC.decoration_config.utility_images.sidecar: "sidecar:1" -> "sidecar:2"
      spec.containers[sidecar].image: "sidecar:1" -> "sidecar:2"
`,
		},
		{
			name:      "a variable that decoration sets again",
			oldConfig: decorated, newConfig: strings.Replace(decorated, "sidecar:1", "sidecar:2", 1),
			before: presubmit("decorate: true", "spec: {containers: [{image: golang, command: [make], env: [{name: GOPATH, value: /go}]}]}"),
			after:  presubmit("decorate: true", "spec: {containers: [{image: golang, command: [make], env: [{name: GOPATH, value: /home}]}]}"),
			want: `0 added, 0 removed, 1 changed

~ presubmit unit of org/repo (jobs.yaml:3)
    its pod:
      JOB_SPEC.decoration_config.utility_images.sidecar: "sidecar:1" -> "sidecar:2"
      spec.containers[sidecar].image: "sidecar:1" -> "sidecar:2"
      spec.containers[test].env[GOPATH]: "/go" -> "/home"
`,
		},
		{
			name:   "one name on several branches",
			before: onBranches("branches: [main], "+spec, "branches: [old], "+spec),
			after:  onBranches("branches: [next], "+spec, "branches: [main], max_concurrency: 1, "+spec, "branches: [old], "+spec),
			want: `1 added, 0 removed, 1 changed

+ presubmit unit of org/repo (jobs.yaml:3)
    runs on pull requests where somebody comments "/test unit" into next

~ presubmit unit of org/repo (jobs.yaml:4)
    the rest:
      + max_concurrency: 1
`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := configdiff.Compare(load(t, tc.oldConfig, tc.before), load(t, tc.newConfig, tc.after)).Text()
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The other direction says the opposite.
func TestCompareBackwards(t *testing.T) {
	a := load(t, "", presubmit("always_run: true", spec)+postsubmit(spec))
	b := load(t, "", presubmit("max_concurrency: 2", spec)+periodic("interval: 1h", spec))
	there, back := configdiff.Compare(a, b), configdiff.Compare(b, a)
	if len(there.Added) != 1 || len(there.Removed) != 1 || len(there.Changed) != 1 {
		t.Errorf("got %+v", there)
	}
	if diff := cmp.Diff(there.Added[0].Name, back.Removed[0].Name); diff != "" {
		t.Error(diff)
	}
	for i, f := range there.Changed[0].When {
		if diff := cmp.Diff(configdiff.Field{Path: f.Path, Old: f.New, New: f.Old}, back.Changed[0].When[i]); diff != "" {
			t.Error(diff)
		}
	}
}

func TestJSON(t *testing.T) {
	report := configdiff.Compare(load(t, "", presubmit("always_run: true", spec)), load(t, "", presubmit("always_run: false", spec)))
	got, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "added": [],
  "removed": [],
  "changed": [
    {
      "type": "presubmit",
      "repo": "org/repo",
      "name": "unit",
      "source": "jobs.yaml:3",
      "runs": "on pull requests where somebody comments \"/test unit\"",
      "when": [
        {
          "path": "always_run",
          "old": true,
          "new": false
        }
      ]
    }
  ]
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
