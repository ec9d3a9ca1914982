// SPDX-License-Identifier: Apache-2.0

package inrepo

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/config/document"
)

// FuzzProwYAML: whatever a repository has in its file, reading it ends, with no
// more than may be kept or said.
func FuzzProwYAML(f *testing.F) {
	f.Add([]byte("presubmits:\n- name: unit\n  always_run: true\n  spec: {containers: [{image: golang, command: [make]}]}\n"))
	f.Add([]byte("postsubmits: []\npresets:\n- labels: {a: b}\nprow_ignored: {x: [1]}\n"))
	f.Add([]byte("a: &a [x]\nb: &b [*a, *a]\nc: &c [*b, *b]\npresets: [*c]\n"))
	f.Add([]byte("presubmits: {"))
	f.Add([]byte("--- |\n x\n...\n"))
	f.Add([]byte("\xff\xfe"))
	f.Fuzz(func(t *testing.T, content []byte) {
		p := parse(&document.Decoder{}, []string{fileName, ".prow/again.yaml"}, [][]byte{content, content})
		if n := len(p.Presubmits) + len(p.Postsubmits) + len(p.Presets); len(p.Errors) == 0 && n > maxJobs {
			t.Errorf("%d jobs", n)
		}
		if len(p.Errors) > 2*maxProblems {
			t.Errorf("%d errors", len(p.Errors))
		}
	})
}

// The limits hold for each file and for all together, and what is refused is
// named with its file.
func TestLimits(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for _, level := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
		before := "*a" + string(level[0]-1)
		bomb.WriteString("a" + level + ": &a" + level + " [" + strings.Repeat(before+",", 9) + before + "]\n")
	}
	large := "# " + strings.Repeat("x", maxSize-2)
	long := "prow_ignored: [" + strings.Repeat("x,", 39_990) + "]"
	wrong := "presubmits: [" + strings.Repeat("{name: []},", 60) + "]"
	jobs := "presubmits: [" + strings.Repeat("{},", 900) + "]"
	for name, test := range map[string]struct {
		contents []string
		want     []string // the start of each error
	}{
		"as much as may be":      {[]string{large, large, large, large}, nil},
		"aliases of aliases":     {[]string{"presets: []", bomb.String()}, []string{"1.yaml:1: aliases expand to more than 1000000 values"}},
		"a large file":           {[]string{large + "x", "presets: 1"}, []string{"0.yaml: is larger than the 1048576 bytes that are read", "1.yaml:1: presets: is the number 1"}},
		"large files":            {[]string{large, large, large, large, "x"}, []string{"4.yaml: with it, the repository's jobs have more than the 4194304 bytes that are read"}},
		"many values":            {[]string{long, long, long, "presets: 1"}, []string{"2.yaml: with it, the repository's jobs have more than the 100000 values that are read"}},
		"many jobs":              {[]string{jobs, jobs, jobs, "presets: 1"}, []string{"2.yaml: with it, the repository has 2700 jobs and presets, more than the 2000 that are read"}},
		"more mistakes than fit": {[]string{wrong, wrong, wrong}, slices.Concat(slices.Repeat([]string{"0.yaml:1: presubmits["}, 60), slices.Repeat([]string{"1.yaml:1: presubmits["}, 60))},
	} {
		t.Run(name, func(t *testing.T) {
			var names []string
			var contents [][]byte
			for i, content := range test.contents {
				names, contents = append(names, fmt.Sprintf("%d.yaml", i)), append(contents, []byte(content))
			}
			p := parse(&document.Decoder{}, names, contents)
			if len(p.Errors) != len(test.want) {
				t.Fatalf("got %d errors, want %d: %.2000v", len(p.Errors), len(test.want), p.Errors)
			}
			for i, want := range test.want {
				if got := p.Errors[i].Error(); !strings.HasPrefix(got, want) {
					t.Errorf("got error %q, want %q", got, want)
				}
			}
		})
	}
}
