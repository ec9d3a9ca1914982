// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/config/document"
)

// readInRepo reads the text of .prow.yaml.
func readInRepo(text string) (*InRepoFile, error) {
	doc, err := document.Parse(".prow.yaml", text)
	if err != nil {
		return nil, err
	}
	file := &InRepoFile{}
	return file, document.Problems((&document.Decoder{}).Decode(doc, file).Errors).Err()
}

// brought is what becomes of jobs that a repository brings along.
func brought(t *testing.T, text string) []Invalid {
	t.Helper()
	file, err := readInRepo(text)
	if err != nil {
		t.Fatal(err)
	}
	_, _, invalid := (&Jobs{}).WithInRepo("org/repo", file, Settings{}, func(string) bool { return true })
	return invalid
}

// What anybody can write in a pull must not cost time or memory without limit.
func TestHostileJobs(t *testing.T) {
	jobs := func(n int, format string) string {
		var b strings.Builder
		b.WriteString("presubmits:\n")
		for i := range n {
			fmt.Fprintf(&b, "- {name: j%d, %s}\n", i, strings.ReplaceAll(format, "#", fmt.Sprint(i)))
		}
		return b.String()
	}
	const jenkins = "agent: jenkins"
	var variables strings.Builder
	for i := range 500 {
		fmt.Fprintf(&variables, "{name: V%d},", i)
	}
	for name, c := range map[string]struct{ text, field, want string }{
		"a large expression": {jobs(1, jenkins+", run_if_changed: '(x{100}){10}|(y{100}){10}|(z{100}){10}|(.{1000}){1}|a{1000}b{1000}'"), "run_if_changed", "more than the 5000 that are allowed"},
		"many expressions":   {jobs(300, jenkins+", branches: ['a{1000}#']"), "branches", "more than the 200000 steps that are allowed"},
		"one in many jobs":   {jobs(300, jenkins+", skip_if_only_changed: 'a{1000}'"), "skip_if_only_changed", "more than the 200000 steps that are allowed"},
		"long names":         {"presubmits: [{agent: jenkins, name: " + strings.Repeat("x", 6000) + "}]", "name", "more than the 5000 that are allowed"},
		"presets that multiply": {
			"presets: [{env: [" + variables.String() + "]}]\n" + jobs(500, "spec: {containers: [{image: x}]}"),
			"labels", "presets add more than 100000 values",
		},
	} {
		t.Run(name, func(t *testing.T) {
			found, invalid := false, brought(t, c.text)
			for _, i := range invalid {
				found = found || i.Field == c.field && strings.Contains(i.Message, c.want)
				if len(i.Message)+len(i.Job) > 1100 {
					t.Errorf("a message of %d bytes", len(i.Message)+len(i.Job))
				}
			}
			if !found || len(invalid) > maxInvalid {
				t.Errorf("got %d errors, none of %s with %q: %.1000v", len(invalid), c.field, c.want, invalid)
			}
		})
	}
	if _, err := readInRepo("presubmits: [{spec: {containers: [" + strings.Repeat("{},", 60_000) + "]}}]"); err == nil || !strings.Contains(err.Error(), "has 60005 values, more than the 50000 that are read") {
		t.Errorf("many values: got %v", err)
	}
}

// The same jobs are fine where they are few, and in a file of the configuration.
func TestLimitsAreForRepositories(t *testing.T) {
	text := "presubmits:\n- {name: a, agent: jenkins, branches: ['a{1000}', main]}\n"
	if invalid := brought(t, text); len(invalid) > 0 {
		t.Errorf("one job: %v", invalid)
	}
	file := &File{Presubmits: map[string][]Presubmit{}}
	for i := range 300 {
		job := Presubmit{JobBase: JobBase{Name: fmt.Sprint("j", i), Agent: "jenkins"}, Brancher: Brancher{Branches: []string{"a{1000}"}}}
		file.Presubmits["org/repo"] = append(file.Presubmits["org/repo"], job)
	}
	if _, invalid := assembled(file); len(invalid) > 0 {
		t.Errorf("in the configuration: %v", invalid)
	}
}
