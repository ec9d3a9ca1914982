// SPDX-License-Identifier: Apache-2.0

package document

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

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
