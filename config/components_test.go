// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
)

func TestPubSub(t *testing.T) {
	for text, want := range map[string][]config.PubSubTrigger{
		"{}": nil,
		"pubsub_subscriptions: {b: [s, t], a: [u]}": {
			{Project: "a", Topics: []string{"u"}, AllowedClusters: []string{"*"}, MaxOutstandingMessages: 10},
			{Project: "b", Topics: []string{"s", "t"}, AllowedClusters: []string{"*"}, MaxOutstandingMessages: 10},
		},
		"pubsub_triggers: [{project: p, topics: [t]}, {project: q, allowed_clusters: [c], max_outstanding_messages: 3}]": {
			{Project: "p", Topics: []string{"t"}, MaxOutstandingMessages: 10},
			{Project: "q", AllowedClusters: []string{"c"}, MaxOutstandingMessages: 3},
		},
	} {
		if diff := cmp.Diff(want, load(t, write(t, text, "")).PubSubTriggers); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestGerrit(t *testing.T) {
	some := load(t, write(t, `gerrit: {tick_interval: 30s, ratelimit: 7, allowed_presubmit_trigger_re: "^/test (unit|lint)$"}`, "")).Gerrit
	if some.TickInterval.Duration != 30*time.Second || some.RateLimit != 7 || !some.AllowsTrigger("/test lint") || some.AllowsTrigger("/test all") {
		t.Errorf("got %+v", some)
	}
	if all := load(t, write(t, "{}", "")).Gerrit; !all.AllowsTrigger("/test all") {
		t.Error("a comment is not allowed, although nothing says so")
	}
}

// The narrowest configuration is taken alone.
func TestSlack(t *testing.T) {
	c := load(t, write(t, `
slack_reporter_configs:
  "*": {channel: all, job_types_to_report: [periodic]}
  org: {channel: org, host: other, report_template: "{{if .Spec.Refs}}{{.Spec.Refs.Org}}{{end}}"}
  org/repo: {channel: repo, report: false}
`, ""))
	for want, refs := range map[string]*prowv1.Refs{
		"all": nil, "all ": {Org: "third", Repo: "repo"}, "org": {Org: "org", Repo: "other"}, "repo": {Org: "org", Repo: "repo"},
	} {
		got := c.SlackReporterConfigs.For(refs)
		if got.Channel != strings.TrimSpace(want) {
			t.Errorf("%v is reported to %+v, want %s", refs, got, want)
		}
		if types := len(got.JobTypesToReport); types != strings.Count(want, "all") {
			t.Errorf("%v has %d types", refs, types)
		}
	}
	if got := load(t, write(t, "{}", "")).SlackReporterConfigs.For(&prowv1.Refs{Org: "org"}); got.Channel != "" {
		t.Errorf("got %+v", got)
	}
}

// Jenkins has a function more for its templates, and each of several its own ProwJobs.
func TestJenkins(t *testing.T) {
	c := load(t, write(t, `
jenkins_operators:
- label_selector: side=left
  job_url_template: '{{replace "/" "-" .Spec.Job}}'
  report_templates: {"*": "all", org: '{{replace "a" "b" .Spec.Job}}'}
- {label_selector: side=right, max_goroutines: 3}
`, ""))
	left, right := &c.JenkinsOperators[0], &c.JenkinsOperators[1]
	var text strings.Builder
	if err := left.JobURL().Execute(&text, &prowv1.ProwJob{Spec: prowv1.ProwJobSpec{Job: "a/b/c"}}); err != nil || text.String() != "a-b-c" {
		t.Errorf("the URL is %q, %v", text.String(), err)
	}
	text.Reset()
	if err := left.ReportTemplateFor(&prowv1.Refs{Org: "org"}).Execute(&text, &prowv1.ProwJob{Spec: prowv1.ProwJobSpec{Job: "aa"}}); err != nil || text.String() != "bb" {
		t.Errorf("the report is %q, %v", text.String(), err)
	}
	if left.MaxGoroutines != 20 || right.MaxGoroutines != 3 {
		t.Errorf("goroutines: %d and %d", left.MaxGoroutines, right.MaxGoroutines)
	}
}

// A secret may be as young as now, and no younger.
func TestManagedWebhooks(t *testing.T) {
	now := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	m := config.ManagedWebhooks{OrgRepoConfig: map[string]config.ManagedWebhook{
		"org": {TokenCreatedAfter: now}, "org/repo": {TokenCreatedAfter: now.Add(time.Second)}, "unset": {},
	}}
	if errs := m.Validate(now); errs == nil || errs.Error() != "invalid value: 2026-01-01T00:00:01Z: org_repo_config[org/repo].token_created_after\nis in the future" {
		t.Errorf("got %v", errs)
	}
}
