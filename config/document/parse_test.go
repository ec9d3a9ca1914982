// SPDX-License-Identifier: Apache-2.0

package document

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/goldens"
)

// sameAsAnyStyle checks that the fast parser, where it is sure, sees what the YAML library sees.
func sameAsAnyStyle(t *testing.T, file, text string) (fast bool) {
	t.Helper()
	got, err := parseBlockStyle(file, text, &memory{})
	if err != nil {
		return false
	}
	want, err := parseAnyStyle(file, text)
	if err != nil {
		t.Fatalf("%s: the fast parser reads what is not YAML: %v", file, err)
	}
	if len(got.nodes) == 1 && len(want.nodes) == 1 && got.nodes[0].value == "" {
		return true // An empty document is nowhere.
	}
	if !slices.Equal(want.nodes, got.nodes) {
		t.Fatalf("%s: the fast parser differs (-want +got):\n%s", file, cmp.Diff(want.nodes, got.nodes, cmp.AllowUnexported(node{})))
	}
	return true
}

func TestParseGolden(t *testing.T) {
	var files, fast int
	err := filepath.WalkDir(goldens.Dir(t), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".yaml") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		if sameAsAnyStyle(t, path, string(text)) {
			fast++
		} else if testing.Verbose() {
			p := &parser{text: string(text), line: 1, block: &bytes.Buffer{}}
			t.Logf("slow: %s: %v at line %d", path, p.parseDocument(), p.line)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d files are in plain block style", fast, files)
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "a: 1\n", "a:\n- b\n- c: d\n  e: f\n", "a: |\n  b\n\n   c\n\nd: >-\n  e\n  f\n\n  g\n", "- - a\n  - b\n-\n  c: d\n",
		"a: b\n  c\n\n  d # e\nf: g\n", "{a: b, c: [d, 'e']}\n", "a: [b,\n  c, # d\n  {e: f}]\n", "\"a b\" : 'it''s'\n'c': \"\\n\\\"\"\n",
		"a: &b {c: d}\ne:\n  <<: *b\n  f: g\n", "---\na: b\n...\n---\nc\n", "a:\n  - b\n # c\n  - d\n", "on: yes\n1: 2\n~: x\n", "a: >+\n\n  b\n   c\n\nd: |2\n   e\n",
		"a: - b\n", "a: b: c\n", "? a\n: b\n", "a: \"b\n  c\"\n", "a:\tb\n", "\ta: b\n", "a: !!str 1\n", "a: b\r\nc: d\r\n", "a:\n  b\nc\n", "- a\nb: c\n", "a: 'b' c\n", "a: [b]: c\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sameAsAnyStyle(t, "fuzz.yaml", text)
		d, err := Parse("fuzz.yaml", text)
		if err != nil {
			return
		}
		if _, err := d.Root().JSON(); err != nil {
			return
		}
		var into struct {
			A any            `json:"a"`
			B []string       `json:"b"`
			C map[string]int `json:"c"`
		}
		(&Decoder{}).Decode(d, &into)
	})
}
