// SPDX-License-Identifier: Apache-2.0

package document

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

// Maps that are written alike are one map for a reader that shares, and all problems are told all the same.
func TestShare(t *testing.T) {
	type file struct {
		A, B, C, D map[string]string
		P, Q       map[string]int
		R, S, T    json.RawMessage
	}
	text := "a: {k: v, l: x}\nb: {k: v, l: x}\nc: {k: v, l: 'x'}\nd: {k: vn, x: ''}\np: {k: 1}\nq: {k: 1}\nr: 2h\ns: '2h'\nt: {a: [1]}\n"
	name := filepath.Join(t.TempDir(), "file.yaml")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	same := func(a, b any) bool { return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() }
	for _, share := range []bool{true, false} {
		reader := &Reader{Share: share}
		var files [2]file
		for i := range files {
			d, err := reader.Read(name)
			if err != nil {
				t.Fatal(err)
			}
			if r := (&Decoder{}).Decode(d, &files[i]); len(r.Errors)+len(r.Warnings) > 0 {
				t.Fatalf("problems: %v", r)
			}
		}
		want := file{
			A: map[string]string{"k": "v", "l": "x"}, B: map[string]string{"k": "v", "l": "x"}, C: map[string]string{"k": "v", "l": "x"},
			D: map[string]string{"k": "vn", "x": ""}, P: map[string]int{"k": 1}, Q: map[string]int{"k": 1},
			R: json.RawMessage(`"2h"`), S: json.RawMessage(`"2h"`), T: json.RawMessage(`{"a":[1]}`),
		}
		if diff := cmp.Diff(want, files[1]); diff != "" {
			t.Errorf("share %v (-want +got):\n%s", share, diff)
		}
		if same(files[0].A, files[1].B) != share || same(files[0].P, files[1].Q) != share || same(files[0].A, files[0].C) {
			t.Errorf("share %v: the wrong maps are the same", share)
		}
	}
}

// pod has lists and structs that may be shared, and some that know their place.
type pod struct {
	Args     []string
	Security *struct{ User int }
	Env      []struct {
		Name string
		From *struct{ Key string }
	}
	Placed []placedItem
	At     *placedItem
	Raw    Node
}

type placedItem struct {
	Name string
	at   Position
}

func (p *placedItem) SetPosition(at Position) { p.at = at }

// Lists and structs that are written alike are one, unless they are long or know their place.
func TestShareListsAndStructs(t *testing.T) {
	long := strings.Repeat("x", maxShared)
	one := "args: [a, 1]\nsecurity: {user: 1}\nenv:\n- name: A\n- {name: B, from: {key: k}}\nplaced: [{name: a}]\nat: {name: b}\nraw: {a: b}\n"
	other := "# Written elsewhere, and in another style.\nargs:\n- a\n- 1\nsecurity:\n  user: 1\nenv: [{name: A}, {name: B, from: {key: k}}]\nplaced: [{name: a}]\nat: {name: b}\nraw: {a: b}\n"
	reader := &Reader{Share: true}
	read := func(text string) (p pod) {
		t.Helper()
		name := filepath.Join(t.TempDir(), "file.yaml")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		d, err := reader.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		if r := (&Decoder{}).Decode(d, &p); len(r.Errors)+len(r.Warnings) > 0 {
			t.Fatalf("problems: %v", r)
		}
		return p
	}
	a, b := read(one), read(other)
	if &a.Args[0] != &b.Args[0] || a.Security != b.Security || &a.Env[0] != &b.Env[0] {
		t.Error("what is written alike is not the same")
	}
	if &a.Placed[0] == &b.Placed[0] || a.At == b.At || a.Placed[0].at.Line != 6 || b.Placed[0].at.Line != 8 || a.At.at.Line != 7 || b.At.at.Line != 9 {
		t.Errorf("what knows its place is the same: %v and %v", a, b)
	}
	for _, text := range []string{"args: [a, '1']\n", "args: [[a, 1]]\n", "args: [a1]\n", "args: ['']\n", "args: [" + long + "]\n"} {
		d, err := Parse("file.yaml", text)
		if err != nil {
			t.Fatal(err)
		}
		d.shared = &reader.shared
		var first, second pod
		(&Decoder{}).Decode(d, &first)
		(&Decoder{}).Decode(d, &second)
		if &first.Args[0] == &a.Args[0] {
			t.Errorf("%.20q is taken for %v", text, a.Args)
		}
		if len(first.Args[0]) == len(long) && &first.Args[0] == &second.Args[0] {
			t.Error("a long list is shared")
		}
	}
}

// Equal strings are one, which is no part of the text of a file: that would stay in memory.
func TestShareTexts(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file.yaml")
	if err := os.WriteFile(name, []byte("a: text\nb: 'text'\nempty: ''\ntext: {a: b}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := (&Reader{Share: true}).Read(name)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]*byte{}
	for _, n := range d.nodes {
		for _, text := range []string{n.key, n.value} {
			at := unsafe.StringData(text)
			if known, ok := seen[text]; ok && known != at {
				t.Errorf("there are two strings %q", text)
			}
			if seen[text] = at; text == "" && at != nil {
				t.Error("an empty string is part of a text")
			}
		}
	}
}

func TestSum(t *testing.T) {
	dir := t.TempDir()
	reader := &Reader{}
	sum := func(text string) Sum {
		t.Helper()
		name := filepath.Join(dir, "file.yaml")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := reader.Sum(name)
		if err != nil {
			t.Fatal(err)
		}
		d, err := reader.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		if d.Sum() != got {
			t.Errorf("the sum of %q is %x before and %x after it is read", text, got, d.Sum())
		}
		return got
	}
	first := sum("a: b\n")
	if first == sum("a: b \n") || first == sum("") || first != sum("a: b\n") {
		t.Error("sums do not tell files apart")
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte("a: b\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	sum(zipped.String())
	if _, err := reader.Sum(filepath.Join(dir, "none")); err == nil {
		t.Error("a file that is not there has a sum")
	}
	if _, err := reader.Sum(dir); err == nil {
		t.Error("a folder has a sum")
	}
}

func TestShareProblems(t *testing.T) {
	d, err := Parse("test.yaml", "- {a: x, a: x}\n- {a: x, a: x}\n- {b: [c]}\n- {b: [c]}\n- {b: 3}\n- {b: 3}\n")
	if err != nil {
		t.Fatal(err)
	}
	d.shared = &shared{}
	var got []map[string]string
	r := (&Decoder{}).DecodeNode(d.Root(), &got)
	if len(r.Warnings) != 2 || len(r.Errors) != 4 {
		t.Errorf("got %v", r)
	}
	var coerced struct{ A, B map[string]string }
	if d, err = Parse("test.yaml", "a: {b: 3}\nb: {b: 3}\n"); err != nil {
		t.Fatal(err)
	}
	d.shared = &shared{}
	if r := (&Decoder{}).Decode(d, &coerced); len(r.Errors) > 0 || coerced.B["b"] != "3" {
		t.Errorf("got %+v, %v", coerced, r)
	}
}
