// SPDX-License-Identifier: Apache-2.0

package check_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/config/check"
	"github.com/cutwater-ci/cutwater/internal/goldens"
)

// logLine is a line of a log of checkconfig.
type logLine struct {
	Level string `json:"level"`
	Msg   string `json:"msg"`
	Error string `json:"error"`
}

// readLog reads a log.
func readLog(t *testing.T, name string) []logLine {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []logLine
	scanner := bufio.NewScanner(f)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		text := strings.Replace(scanner.Text(), ",}", "}", 1) // The times are cut out of the logs.
		var line logLine
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%s: %v in %s", name, err, text)
		}
		lines = append(lines, line)
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// failed reports whether checkconfig ended with exit code 1.
func failed(lines []logLine) bool {
	return slices.ContainsFunc(lines, func(l logLine) bool { return l.Level == "fatal" })
}

// TestCheckconfigGolden compares the findings on real configurations, and
// whether they are fit for use, with the logs of Prow's checkconfig.
func TestCheckconfigGolden(t *testing.T) {
	logs, err := filepath.Glob(filepath.Join(goldens.Dir(t), "*", "checkconfig*.log"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no logs: %v", err)
	}
	for _, name := range logs {
		dir := filepath.Dir(name)
		t.Run(filepath.Base(dir)+"/"+filepath.Base(name), func(t *testing.T) {
			lines := readLog(t, name)
			got := report(t, filesIn(dir), check.Selection{})
			if strict := strings.Contains(name, "strict"); got.Failed(strict) != failed(lines) {
				t.Errorf("failed is %v, but Prow: %v", got.Failed(strict), failed(lines))
			}
			if reason := lines[len(lines)-1].Error; reason != "" {
				if got.Count(check.Error) == 0 {
					t.Errorf("no error, but Prow: %s", reason)
				}
				return // Prow looks no further.
			}
			want := map[string][]string{}
			for _, line := range lines {
				if line.Level == "warning" {
					translate(line.Msg, want)
				}
			}
			compare(t, want, ours(got))
		})
	}
}

// ours is the subjects of the warnings by check.
func ours(r check.Report) map[string][]string {
	found := map[string][]string{}
	for _, f := range r.Findings {
		if f.Level != check.Warning {
			continue
		}
		subject := f.Message
		switch f.Check {
		case "long-job-names", "non-decorated-jobs", "periodic-default-clone-config":
			subject, _, _ = strings.Cut(f.Message, ":")
		case "missing-trigger":
			subject = between(f.Message, "jobs of ", ": the plugin")
		case "validate-owners":
			subject, _, _ = strings.Cut(f.Message, " has a plugin")
		case "unknown-fields":
			subject = filepath.Base(f.File) + " " + f.Path[strings.LastIndexByte(f.Path, '.')+1:]
		case "validate-supplemental-prow-config-hierarchy":
			subject = between(f.Message, "is about ", ",")
		}
		found[f.Check] = append(found[f.Check], subject)
	}
	return found
}

func between(text, before, after string) string {
	_, text, _ = strings.Cut(text, before)
	text, _, _ = strings.Cut(text, after)
	return text
}

// expression is what one message of checkconfig looks like, and which findings it stands for.
type expression struct {
	check string
	form  *regexp.Regexp
	// subjects are those of one match, from its groups.
	subjects func(groups []string) []string
}

func expressions() []expression {
	return []expression{
		{"mismatched-tide", regexp.MustCompile(`the following orgs or repos (require|forbid) the (\S+) label for merging but do not enable the (\S+) plugin: \[([^\]]*)\]`), func(g []string) []string {
			return each(items(g[4]), func(item string) string {
				return "tide's queries for " + item + " " + g[1] + " the label " + g[2] + ", but the plugin " + g[3] + " is not enabled there"
			})
		}},
		{"mismatched-tide", regexp.MustCompile(`the following orgs or repos enable the (\S+) plugin but do not (require|forbid) the (\S+) label for merging: \[([^\]]*)\]`), func(g []string) []string {
			return each(items(g[4]), func(item string) string {
				return "the plugin " + g[1] + " is enabled for " + item + ", but no query of tide there " + g[2] + "s the label " + g[3]
			})
		}},
		{"validate-owners", regexp.MustCompile(`the following orgs or repos enable at least one plugin that uses OWNERS files [^:]*: \[([^\]]*)\]`), func(g []string) []string { return items(g[1]) }},
		{"missing-trigger", regexp.MustCompile(`the following repos have jobs configured but do not have the trigger plugin enabled: (.*)$`), func(g []string) []string {
			return items(strings.ReplaceAll(g[1], ", repo:", " repo:"))
		}},
		{"long-job-names", regexp.MustCompile(`name of (\w+) job "([^"]*)"(?: \(for repo "[^"]*"\))? too long`), func(g []string) []string {
			return []string{strings.ToLower(g[1]) + " " + g[2]}
		}},
		{"non-decorated-jobs", regexp.MustCompile(`do not use the pod utilities: \[([^\]]*)\]`), func(g []string) []string {
			return each(strings.Fields(g[1]), func(name string) string { return "presubmit " + name })
		}},
		{"periodic-default-clone-config", regexp.MustCompile("periodic jobs might clone [^\"]*Name: \"([^\"]*)\""), func(g []string) []string { return []string{"periodic " + g[1]} }},
		{"unknown-fields", regexp.MustCompile(`unknown fields or bad config in (\S+): .*unknown field "([^"]*)"`), func(g []string) []string { return []string{g[1] + " " + g[2]} }},
		{"validate-supplemental-prow-config-hierarchy", regexp.MustCompile(`is invalid: Must (?:contain only|only contain) config for \w+ [^,]*, but((?:(?: and)? contains config for \w+ \S+)+)`), func(g []string) []string {
			return strings.Fields(regexp.MustCompile(`(?: and)? contains config for \w+`).ReplaceAllString(g[1], ""))
		}},
	}
}

func each(list []string, f func(string) string) []string {
	var all []string
	for _, one := range list {
		all = append(all, f(one))
	}
	return all
}

// items reads checkconfig's list of orgs and repos, and writes each as we do.
func items(text string) []string {
	var all []string
	var without []string
	words := strings.Fields(text)
	for i := 0; i < len(words); i++ {
		switch word := words[i]; {
		case word == "org:" || word == "repo:":
			i++
			all = append(all, words[i])
		case word == "without":
			i++ // repo(s)
		case strings.HasPrefix(word, "'"):
			if len(without) > 0 {
				all[len(all)-1] += " (without " + strings.Join(without, " ") + ")"
			}
			without = nil
		default:
			without = append(without, word)
		}
	}
	return all
}

// deprecations are messages about what still works, which are notices here.
func deprecations() *regexp.Regexp { return regexp.MustCompile(`deprecated|no plugins specified`) }

// translate adds the findings that a message of checkconfig stands for.
func translate(message string, want map[string][]string) {
	understood := deprecations().MatchString(message)
	for _, e := range expressions() {
		for _, groups := range e.form.FindAllStringSubmatch(message, -1) {
			understood = true
			want[e.check] = append(want[e.check], e.subjects(groups)...)
		}
	}
	if !understood {
		want["not understood"] = append(want["not understood"], message)
	}
}

func compare(t *testing.T, want, got map[string][]string) {
	t.Helper()
	n := 0
	for _, of := range []map[string][]string{want, got} {
		for name := range of {
			slices.Sort(of[name])
			of[name] = slices.Compact(of[name]) // Checkconfig says once what holds for two jobs of a name.
		}
	}
	for _, list := range want {
		n += len(list)
	}
	t.Logf("%d findings", n)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-Prow +here):\n%s", diff)
	}
}

// TestNegativeGolden checks that what checkconfig refuses, plain and strict, is refused, and nothing else.
func TestNegativeGolden(t *testing.T) {
	dir := filepath.Join(goldens.Dir(t), "negative")
	data, err := os.ReadFile(filepath.Join(dir, "negative.json"))
	if err != nil {
		t.Fatal(err)
	}
	type verdict struct {
		Exit     int
		Messages []logLine
	}
	var cases []struct {
		Args          []string
		Case          string
		Plain, Strict verdict
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Case, func(t *testing.T) {
			files := filesIn(filepath.Join(dir, "cases", c.Case))
			if !slices.Contains(c.Args, "--job-config-path=jobs") {
				files.Config.Jobs = ""
			}
			if !slices.Contains(c.Args, "--plugin-config=plugins.yaml") {
				files.Plugins.Config = ""
			}
			got := report(t, files, check.Selection{})
			for strict, want := range map[bool]verdict{false: c.Plain, true: c.Strict} {
				if got.Failed(strict) != (want.Exit != 0) {
					t.Errorf("strict %v: failed is %v, but Prow: %v", strict, got.Failed(strict), want)
				}
			}
			for _, f := range got.Findings {
				if f.Level != check.Notice && (f.File == "" || f.Line == 0 && f.Path != "") {
					t.Errorf("a finding without a place: %+v", f)
				}
			}
		})
	}
}
