// SPDX-License-Identifier: Apache-2.0

package check_test

import (
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/cutwater-ci/cutwater/internal/txtartest"
)

// mistakes are the kinds of mistakes that people make in configurations, or
// attackers on purpose, each with an archive that has one and a line that is
// wanted of it. TestHuge of package config has a file that no archive can hold.
func mistakes() []struct{ kind, archive, line string } {
	const config, plugins, here = "../testdata/broken/", "../plugins/testdata/", "testdata/"
	return []struct{ kind, archive, line string }{
		{"wrong types", config + "everything", `^jobs/a.yaml:4: .*always_run: is the string "yes", want true or false$`},
		{"wrong types in plugins.yaml", plugins + "types", `^plugins.yaml:6: blunderbuss.request_count: is the string "many"`},
		{"unknown keys", config + "keys", `^warning: config.yaml:3: plank.max_concurency: is not known; did you mean max_concurrency\?$`},
		{"unknown keys in job files", config + "keys", `^warning: jobs/jobs.yaml:4: .*allways_run: is not known; did you mean always_run\?$`},
		{"unknown keys in supplements", config + "warnings", `^warning: supplemental/_prowconfig.yaml:2: presubmits: is not known$`},
		{"unknown keys in .prow.yaml", here + "in_repo_strict", `^repo/.prow.*error: .*is not known`},
		{"bad regular expressions", config + "triggers", `^jobs/jobs.yaml:9: .*branches: presubmit g: error parsing regexp`},
		{"bad regular expressions in plugins.yaml", plugins + "rules", `^plugins.yaml:11: blockades\[0\].branchregexp: .*error parsing regexp`},
		{"bad cron", config + "schedules", `^jobs/jobs.yaml:8: periodics\[6\].cron: .*24`},
		{"bad durations", config + "schedules", `^jobs/jobs.yaml:11: periodics\[9\].interval: .*unknown unit`},
		{"bad durations in config.yaml", config + "tide", `^config.yaml:3: tide.sync_period: time: unknown unit`},
		{"bad templates", config + "components", `^config.yaml:13: slack_reporter_configs\[org\].report_template: .*unclosed action$`},
		{"templates that fail when they are used", config + "components", `^config.yaml:14: .*nil pointer evaluating`},
		{"duplicate jobs", config + "together", `^jobs/two.yaml:3: .*the job at jobs/one.yaml:4 has this name too`},
		{"duplicate contexts", config + "together", `^jobs/two.yaml:4: .*reports to the context "a" too$`},
		{"reserved labels", config + "pods", `^jobs/labels.yaml:3: .*labels\[created-by-prow\]: .*is set by the system$`},
		{"reserved environment", config + "pods", `^jobs/jobs.yaml:4: .*PROW_JOB_ID is set by the system$`},
		{"missing images", config + "decoration", `^jobs/jobs.yaml:3: .*utility_images.sidecar: presubmit a: is missing$`},
		{"cyclic YAML", config + "cyclic", `^jobs/both.yaml:2: alias \*a contains itself$`},
		{"deep YAML", config + "deep", `^config.yaml:1: is nested deeper than 1000$`},
		{"deep aliases", config + "deep", `^jobs/aliases.yaml:3: aliases are nested deeper than 200$`},
		{"a billion laughs", config + "laughs", `^jobs/laughs.yaml:2: aliases expand to more than 1000000 values$`},
		{"a billion laughs in config.yaml", here + "billion_laughs", `^config.yaml:1:16: error: aliases expand to more than`},
		{"empty files, which are none", config + "empty", `\A\z`},
		{"empty plugins.yaml", plugins + "nothing", `^notice: plugins.yaml:1: plugins: none are enabled`},
		{"tabs", config + "bytes", `^jobs/tabs.yaml:2: is not YAML: found character that cannot start any token$`},
		{"bytes that are no text", config + "bytes", `^jobs/encoding.yaml: is not YAML: .*UTF-8`},
		{"broken syntax", config + "syntax", `^jobs/unclosed.yaml:1: is not YAML`},
		{"strings that would mean something to a terminal or to GitHub", here + "hostile_strings", `\\x1b`},
		{"missing files", here + "missing_file", `^config.yaml: error: open config.yaml`},
	}
}

func TestMistakes(t *testing.T) {
	for _, m := range mistakes() {
		archive, err := txtar.ParseFile(m.archive + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		if text := wanted(archive); !regexp.MustCompile("(?m)" + m.line).MatchString(text) {
			t.Errorf("%s: %s wants nothing like %s:\n%s", m.kind, m.archive, m.line, text)
		}
	}
}

// wanted is what an archive wants to be said, for people.
func wanted(archive *txtar.Archive) string {
	for _, f := range archive.Files {
		if f.Name == "want" || f.Name == "want.text" {
			return string(f.Data)
		}
	}
	return ""
}

// TestHowManyAreBroken counts the configurations with something wrong in them.
func TestHowManyAreBroken(t *testing.T) {
	broken := 0
	for _, pattern := range []string{"../testdata/broken/*.txtar", "../plugins/testdata/*.txtar", "testdata/*.txtar"} {
		for _, name := range txtartest.Find(t, pattern) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if text := wanted(archive); text != "" && !strings.HasPrefix(text, "0 errors, 0 warnings") {
				broken++
			}
		}
	}
	if broken < 60 {
		t.Errorf("only %d configurations are broken", broken)
	}
}
