// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/local/doctor"
	"github.com/cutwater-ci/cutwater/local/manifests"
)

// fault is an installation with something wrong, and the lines that say so.
type fault struct {
	name string
	// change fits the manifests before they are applied.
	change func(*manifests.Set)
	// then changes what was applied.
	then func(t *testing.T, c *cluster, namespace string)
	// options fits the examination.
	options func(*testing.T, *doctor.Options)
	// want are all lines that are not ok.
	want string
}

// TestDoctor examines a whole installation and many broken ones on one API server.
func TestDoctor(t *testing.T) {
	c := newCluster(t)
	t.Run("whole", func(t *testing.T) {
		c.install(t, "whole", nil)
		report, lines := c.examine(t.Context(), t, doctor.Options{Namespace: "whole"})
		for i, f := range report.Findings {
			if f.Level != doctor.OK {
				t.Errorf("not ok: %s", lines[i])
			}
		}
		if want := 20; len(lines) != want || report.Problems() != 0 {
			t.Errorf("%d lines, want %d:\n%s", len(lines), want, strings.Join(lines, "\n"))
		}
	})
	t.Run("applied again", func(t *testing.T) { c.appliesAgain(t, "again") })
	faults := [][]fault{objectFaults(), statusFaults(), secretFaults(), configurationFaults(), clusterFaults(), githubFaults(), clockFaults()}
	n := 0
	for _, group := range faults {
		for _, f := range group {
			n++
			namespace := fmt.Sprintf("case%d", n)
			t.Run(f.name, func(t *testing.T) { c.suffers(t, f, namespace) })
		}
	}
}

// suffers installs with the fault, and compares what the doctor says.
func (c *cluster) suffers(t *testing.T, f fault, namespace string) {
	t.Helper()
	c.install(t, namespace, f.change)
	if f.then != nil {
		f.then(t, c, namespace)
	}
	o := doctor.Options{Namespace: namespace, Config: c.config}
	if f.options != nil {
		f.options(t, &o)
	}
	report, lines := c.examine(t.Context(), t, o)
	var got []string
	for i, finding := range report.Findings {
		if finding.Level != doctor.OK {
			got = append(got, c.plain(lines[i], namespace))
		}
	}
	if diff := cmp.Diff(strings.TrimSpace(f.want), strings.Join(got, "\n")); diff != "" {
		t.Errorf("lines that are not ok (-want +got):\n%s", diff)
	}
	for _, secret := range [][]byte{[]byte(hush), c.key, c.s3, bytes.Split(c.key, []byte("\n"))[1]} {
		if strings.Contains(strings.Join(lines, "\n"), string(secret)) {
			t.Errorf("a secret is told:\n%s", strings.Join(lines, "\n"))
		}
	}
}

// plain replaces what differs from run to run, and the space for columns.
func (c *cluster) plain(line, namespace string) string {
	line = regexp.MustCompile(`  +`).ReplaceAllString(line, " | ")
	line = regexp.MustCompile(`inbox/doctor/[a-z0-9]{20,}`).ReplaceAllString(line, "inbox/doctor/KEY")
	line = regexp.MustCompile(`\d\d:\d\d:\d\d`).ReplaceAllString(line, "TIME")
	line = regexp.MustCompile(`\d{4}-\d\d-\d\dTTIMEZ`).ReplaceAllString(line, "TIME")
	// Who needs a secret changes with the programs there are.
	line = regexp.MustCompile(`and [a-z, ]+ cannot`).ReplaceAllString(line, "and USERS cannot")
	line = regexp.MustCompile(`(what|mounted in) [a-z, ]+ (must read|where)`).ReplaceAllString(line, "$1 USERS $2")
	for value, name := range map[string]string{c.hook: "HOOK", c.forge.URL(): "FORGE", namespace: "NS"} {
		line = strings.ReplaceAll(line, value, name)
	}
	return line
}

// TestFormats holds both forms to the same findings, in lines that a terminal
// cannot be tricked with.
func TestFormats(t *testing.T) {
	report := doctor.Report{Findings: []doctor.Finding{
		{Check: "API server", Level: doctor.OK, Message: "it answers"},
		{Check: "bucket", Level: doctor.Problem, Message: "denied:\n\x1b[31mred", Mend: "let it"},
		{Check: "GitHub", Level: doctor.NotChecked, Message: "nobody knows"},
	}}
	var text, data bytes.Buffer
	if err := report.Write(&text, doctor.Text); err != nil {
		t.Fatal(err)
	}
	want := `ok           API server  it answers
problem      bucket      denied:  [31mred – let it
not checked  GitHub      nobody knows
`
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	if err := report.Write(&data, doctor.JSON); err != nil {
		t.Fatal(err)
	}
	var read doctor.Report
	if err := json.Unmarshal(data.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(report, read); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}
