// SPDX-License-Identifier: Apache-2.0

package inrepo

import (
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/config/document"
)

// FuzzProwYAML: whatever a repository has in its file, reading it ends, and
// ends with a file or an error.
func FuzzProwYAML(f *testing.F) {
	f.Add([]byte("presubmits:\n- name: unit\n  always_run: true\n  spec: {containers: [{image: golang, command: [make]}]}\n"))
	f.Add([]byte("postsubmits: []\npresets:\n- labels: {a: b}\nprow_ignored: {x: [1]}\n"))
	f.Add([]byte("a: &a [x]\nb: &b [*a, *a]\nc: &c [*b, *b]\npresets: [*c]\n"))
	f.Add([]byte("presubmits: {"))
	f.Add([]byte("--- |\n x\n...\n"))
	f.Add([]byte("\xff\xfe"))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := parseFile(&document.Decoder{}, fileName, content)
		if (file == nil) == (err == nil) {
			t.Errorf("got file %v and error %v", file, err)
		}
	})
}

func TestParseFileLimits(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for _, level := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
		before := "*a" + string(level[0]-1)
		bomb.WriteString("a" + level + ": &a" + level + " [" + strings.Repeat(before+",", 9) + before + "]\n")
	}
	for name, content := range map[string]string{
		"aliases of aliases": bomb.String(),
		"a large file":       "# " + strings.Repeat("x", maxSize),
	} {
		if _, err := parseFile(&document.Decoder{}, fileName, []byte(content)); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
