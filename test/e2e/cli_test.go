// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/cutwater-ci/cutwater/local/cli"
	"github.com/cutwater-ci/cutwater/local/up"
)

// demonstration is what `cutwater up` shows, on the sample repository.
func demonstration(t *testing.T, m *up.Machine, said *printed) {
	if err := m.Demonstrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := said.text()
	for _, want := range []string{
		`stranger opened http://\S+/cutwater/sample/pull/1`,
		`alice commented: /test all`,
		`plugins created a ProwJob for unit`,
		`unit: plank created its pod`,
		`unit: clonerefs ended with exit code 0`,
		`unit: the test began`,
		`unit: success http://\S+/view/\S+`,
		`unit: crier set the status to success`,
		`the status of the pull request is green`,
	} {
		if !regexp.MustCompile(`(?m)^ *\d+\.\d\ds  ` + want + `$`).MatchString(got) {
			t.Errorf("it did not say %q in:\n%s", want, got)
		}
	}
}

// printed is what a machine has printed.
type printed struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

func (p *printed) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// commandLine says from another shell what the README says.
func commandLine(t *testing.T, s *story) {
	s.repo = s.m.Repository()
	file := filepath.Join(t.TempDir(), "greet.sh")
	if err := os.WriteFile(file, []byte("echo \"good morning, $1\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	state := s.state()
	for _, step := range []struct {
		line string // arguments, separated by bars
		want string // of the output, as a regular expression
		pull string // that then is green
	}{
		{"open|louder|--title|Greet louder|--file|greet.sh=" + file, `^alice opened http://\S+/cutwater/sample/pull/2\n$`, "2"},
		{"comment|2|/test|unit", `^alice commented: http://\S+/pull/2#issuecomment-\d+\n$`, "2"},
		{"comment|1|/ok-to-test", `^alice commented: `, "1"},
		{"push|1|--file|greet.sh=" + file, `^stranger pushed to stranger/sample:a-change, the branch of cutwater/sample#1\n$`, "1"},
		{"comment|1|well done|--as|stranger", `^stranger commented: `, ""},
		{"jobs", `(?m)^STATE +TYPE +JOB +REFS +TOOK +URL\n(.*\n)*success +presubmit +unit +cutwater/sample#2 +\d+s +http://\S+/view/\S+\n`, ""},
		{"merge|2", `^merged cutwater/sample#2 as [0-9a-f]{40}\n$`, ""},
	} {
		out, err := cutwater(t, state, strings.Split(step.line, "|")...)
		if err != nil {
			t.Fatalf("%s: %v", step.line, err)
		}
		if !regexp.MustCompile(step.want).MatchString(out) {
			t.Errorf("%s: got %q, want %q", step.line, out, step.want)
		}
		if step.pull != "" {
			if err := s.settled(); err != nil {
				t.Fatal(err)
			}
			if err := status(s, []string{step.pull, "unit", "success"}); err != nil {
				t.Fatalf("%s: %v", step.line, err)
			}
		}
	}
	if err := runs(s, []string{"publish", "success"}); err != nil {
		t.Errorf("the postsubmit after the merge: %v", err)
	}
	for line, want := range map[string]string{
		"comment|one|hello":          `"one" is not the number of a pull request`,
		"comment|99|hello":           "404",
		"comment|1|hello|--as|bob":   `nobody on this machine's GitHub is called "bob"; there are [alice stranger]`,
		"push|1|--file|greet.sh":     `--file "greet.sh": want PATH=FILE`,
		"push|1|--file|../x=" + file: `--file "../x=` + file + `": want PATH=FILE`,
	} {
		if out, err := cutwater(t, state, strings.Split(line, "|")...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q and %v, want an error with %q", line, out, err, want)
		}
	}
	if _, err := cutwater(t, t.TempDir(), "jobs"); err == nil || !strings.Contains(err.Error(), "no machine is up in") {
		t.Errorf("where no machine is up: got %v", err)
	}
}

// cutwater runs a command of the program, and returns what it prints.
func cutwater(t *testing.T, state string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := cli.New(&out, &out)
	root.SetArgs(append([]string{"--state", state}, args...))
	err := root.ExecuteContext(t.Context())
	if err != nil {
		err = fmt.Errorf("%w (it printed %q)", err, out.String())
	}
	return out.String(), err
}
