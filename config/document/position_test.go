// SPDX-License-Identifier: Apache-2.0

package document

import (
	"strings"
	"testing"
	"unsafe"
)

func TestColumns(t *testing.T) {
	d, err := Parse("file.yaml", `plain: 1
nested:
  deeper: {ä: [ü, {key: x}], "é": y}
list:
- name: a
  args: [--x, --y]
-   - z
-
-
  name: b
`)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]Position{
		"":                       {Line: 1, Column: 1},
		"plain":                  {Line: 1, Column: 1},
		"nested.deeper":          {Line: 3, Column: 3},
		"nested.deeper.ä":        {Line: 3, Column: 12},
		"nested.deeper.ä[0]":     {Line: 3, Column: 16},
		"nested.deeper.ä[1]":     {Line: 3, Column: 19},
		"nested.deeper.ä[1].key": {Line: 3, Column: 20},
		"nested.deeper.é":        {Line: 3, Column: 30},
		"list[0]":                {Line: 5, Column: 3},
		"list[0].args":           {Line: 6, Column: 3},
		"list[0].args[1]":        {Line: 6, Column: 15},
		"list[1]":                {Line: 7, Column: 5},
		"list[1][0]":             {Line: 7, Column: 7},
		"list[2]":                {Line: 8, Column: 2},
		"list[3].name":           {Line: 10, Column: 3},
	} {
		got, found := d.Find(path)
		want.File = "file.yaml"
		if got != want || !found {
			t.Errorf("%q: got %v, %v, want %v", path, got, found, want)
		}
	}
	if at, found := d.Find("nested.deeper.none.more"); found || at.Line != 3 || at.Column != 3 {
		t.Errorf("a path that ends early leads to %v, %v", at, found)
	}
}

func TestColumnIsBounded(t *testing.T) {
	d, err := Parse("file.yaml", "a: {b: "+strings.Repeat("x", 70_000)+", c: 1}\n")
	if err != nil {
		t.Fatal(err)
	}
	if at := d.Locate("a.c"); at.Line != 1 || at.Column != 65_535 {
		t.Errorf("the key is at %v, column %d", at, at.Column)
	}
}

// Columns take no memory: documents have hundreds of thousands of nodes.
func TestNodeSize(t *testing.T) {
	if size := unsafe.Sizeof(node{}); size > 48 {
		t.Errorf("a node has %d bytes", size)
	}
}

func TestDeepFlow(t *testing.T) {
	for _, one := range []string{"[", "{a: "} {
		if _, err := Parse("deep.yaml", "a: "+strings.Repeat(one, 300)); err == nil {
			t.Errorf("300 times %q is read", one)
		}
	}
}
