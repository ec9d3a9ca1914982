// SPDX-License-Identifier: Apache-2.0

package document

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"
)

// inner is embedded: below it, numbers and bools do not become strings.
type inner struct {
	Embedded string            `json:"embedded"`
	Labels   map[string]string `json:"labels"`
}

type target struct {
	inner

	Text     string             `json:"text"`
	Pointer  *string            `json:"pointer"`
	Bool     bool               `json:"bool"`
	Switch   *bool              `json:"switch"`
	Int      int                `json:"int"`
	Small    int8               `json:"small"`
	Float    float64            `json:"float"`
	Texts    []string           `json:"texts"`
	Map      map[string]string  `json:"map"`
	Maps     map[string][]int   `json:"maps"`
	Any      any                `json:"any"`
	Raw      json.RawMessage    `json:"raw"`
	Quantity *resource.Quantity `json:"quantity"`
	Port     intstr.IntOrString `json:"port"`
	Env      []corev1.EnvVar    `json:"env"`
	Self     *target            `json:"self"`
	Hidden   string             `json:"-"`
}

// sameAsLibrary checks that what Prow's YAML library reads is read alike, and
// that what it refuses is refused, but for what maySaneAs says.
func sameAsLibrary(t *testing.T, text string) {
	t.Helper()
	var want, got target
	wantErr := yaml.Unmarshal([]byte(text), &want)
	d, gotErr := Parse("test.yaml", text)
	if gotErr == nil {
		if r := (&Decoder{}).Decode(d, &got); len(r.Errors) > 0 {
			gotErr = Problems(r.Errors)
		}
	}
	if (wantErr == nil) != (gotErr == nil) {
		t.Errorf("%q: got error %v, want %v", text, gotErr, wantErr)
		return
	}
	if wantErr != nil {
		return
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(target{}, inner{})); diff != "" {
		t.Errorf("%q (-want +got):\n%s", text, diff)
	}
}

func TestDecodeAsProwsLibrary(t *testing.T) {
	for _, text := range []string{
		"", "# nothing\n", "~\n", "{}\n", "[]\n", "text\n", "---\ntext: a\n",
		"text: a b\npointer: c\n", "text: 1\n", "text: 1.50\n", "text: 010\n", "text: 0x1F\n", "text: 1_000\n", "text: yes\n", "text: Off\n", "text: ~\n", "text:\n",
		"text: 2026-01-01\n", "text: 1e3\n", "text: .5\n", "text: 12345678901234567890\n", "text: [a]\n", "text: {a: b}\n", "text: '1'\n", "text: !!str 1\n", "text: .inf\n", "text: 0b101\n", "text: +1\n", "text: -\n",
		"TEXT: a\n", "text: a\ntext: b\n", "embedded: 1\n", "embedded: a\n", "labels: {a: true}\n", "labels: {a: 'true'}\n", "map: {a: true, 1: 2, yes: no, 1.5: x}\n",
		"bool: yes\nswitch: off\n", "bool: 'true'\n", "bool: 1\n", "switch: ~\n", "int: 7\nsmall: 7\n", "small: 300\n", "int: 1.0\n", "int: 1.5\n", "int: '1'\n", "int: 0o17\n", "int: -3\n", "int: 1_0\n",
		"float: 1\n", "float: 1.5\n", "float: x\n", "texts: [a, 1, true, ~]\n", "texts: a\n", "texts: []\n", "texts:\n", "maps: {a: [1, 2], b: [], c: ~}\n",
		"any: {a: [1, 2.5, yes, ~, x, {b: c}]}\n", "any: 12\n", "raw: {a: 1}\n", "raw: on\n", "quantity: 2\n", "quantity: 100m\n", "quantity: 1.5Gi\n", "quantity: x\n", "port: 80\n", "port: http\n", "port: 1.5\n",
		"env:\n- name: a\n  value: b\n- name: c\n  valueFrom:\n    fieldRef: {fieldPath: x}\n", "env: [{name: a, value: 1}]\n", "env: [~]\n", "self: {self: {text: deep}, labels: {a: 1}}\n", "self: {labels: {a: b}}\n", "Hidden: x\n-: y\n",
		"text: |\n  a\n   b\n\n", "text: >-\n  a\n  b\n\n  c\n", "text: \"a\\nb\\u00e4\\x41\"\n", "text: 'it''s\n  folded'\n", "text: a\n  b\n\n  c\n", "texts:\n- a\n-\n- - b\n", "a: b: c\n", "\ttext: a\n", "text: *nowhere\n", "~: a\n", "[a]: b\n",
		"any: &a {b: c}\nraw: *a\nmap:\n  <<: *a\n  d: e\n", "any: &a {b: c}\nmap:\n  b: x\n  <<: *a\n", "any: &a {b: 1}\nself:\n  map:\n    <<: [*a, {b: 2, c: 3}]\n", "map:\n  <<: x\n", "text: a\n---\ntext: b\n", "text: a\n...\n",
	} {
		sameAsLibrary(t, text)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("text: a\nlabels: {b: c}\n")
	f.Add("int: 1\nmap: {a: 1}\ntexts: [a, 1]\nany: {b: [yes, 1.5]}\n")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "<<") || strings.Contains(text, "!") {
			return // Merges and tags in places where they make no sense.
		}
		var want, got target
		if yaml.Unmarshal([]byte(text), &want) != nil {
			return
		}
		d, err := Parse("test.yaml", text)
		if err != nil {
			return // Version 3 of the library, which does the parsing, is stricter in places.
		}
		if r := (&Decoder{}).Decode(d, &got); len(r.Errors) > 0 || len(r.Warnings) > 0 {
			return
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(target{}, inner{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	})
}

func TestProblems(t *testing.T) {
	d, err := Parse("file.yaml", "text: [a]\nself:\n  int: many\n  maps:\n    a.b: [1, x]\n  txet: a\nTEXTS: [{}]\n")
	if err != nil {
		t.Fatal(err)
	}
	var into target
	r := (&Decoder{}).Decode(d, &into)
	want := strings.Join([]string{
		"file.yaml:1: text: is a list, want a string",
		`file.yaml:3: self.int: is the string "many", want a whole number`,
		`file.yaml:5: self.maps[a.b][1]: is the string "x", want a whole number`,
		"file.yaml:7: TEXTS[0]: is a mapping, want a string",
	}, "\n")
	if diff := cmp.Diff(want, Problems(r.Errors).Error()); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("file.yaml:6: self.txet: is not known; did you mean text?", Problems(r.Warnings).Error()); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if at := d.Locate("self.maps[a.b][1]"); at.Line != 5 {
		t.Errorf("Locate: %v", at)
	}
}

// Types that leave reading to encoding/json do not leave the words to it.
func TestWrongTypes(t *testing.T) {
	type target struct {
		Float *float64           `json:"float"`
		Count uint               `json:"count"`
		Port  intstr.IntOrString `json:"port"`
		Int   int                `json:"int"`
		Bool  bool               `json:"bool"`
		Text  []string           `json:"text"`
	}
	for text, want := range map[string]string{
		"float: x":         `float: is the string "x", want a number`,
		"float: '1.5'":     `float: is the string "1.5", want a number`,
		"float: [1.5]":     "float: is a list, want a number",
		"float: {a: 1.5}":  "float: is a mapping, want a number",
		"float: yes":       "float: is the bool yes, want a number",
		"float: .inf":      "float: .inf is no number in JSON",
		"count: 1.5":       "count: is the number 1.5, want a whole number, 0 or more",
		"count: -1":        "count: is the number -1, want a whole number, 0 or more",
		"port: 1.5":        "port: is the number 1.5, want a whole number",
		"int: 1.5":         "int: is the number 1.5, want a whole number",
		"bool: 1.5":        "bool: is the number 1.5, want true or false",
		"text: 1.5":        "text: is the number 1.5, want a list",
		"text: [{a: 1.5}]": "text[0]: is a mapping, want a string",
		"float: 1.5":       "", "float: 1": "", "float: ~": "", "float: 1e3": "", "count: 7": "", "port: 80": "", "port: http": "", "text: [1.5]": "",
	} {
		d, err := Parse("file.yaml", text+"\n")
		if err != nil {
			t.Fatal(err)
		}
		if want != "" {
			want = "file.yaml:1: " + want
		}
		if got := Problems((&Decoder{}).Decode(d, &target{}).Errors).Error(); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// abbreviated may be written as a list.
type abbreviated struct {
	Names []string `json:"names"`
	Other bool     `json:"other"`
}

func (abbreviated) ListKey() string { return "names" }

// twofold is a name, or numbers by name.
type twofold struct {
	Name    string
	Numbers map[string]int
}

func (twofold) TwofoldFields() (string, string) { return "Name", "Numbers" }

func TestTwofold(t *testing.T) {
	d, err := Parse("test.yaml", "a: x\nb: {k: 1}\nc: ~\nd: [z]\ne: {k: many}\nf: 3\n")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]twofold{}
	result := (&Decoder{}).DecodeNode(d.Root(), &got)
	want := map[string]twofold{"a": {Name: "x"}, "b": {Numbers: map[string]int{"k": 1}}, "c": {}, "d": {}, "e": {Numbers: map[string]int{"k": 0}}, "f": {}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	wantErrors := `test.yaml:4: d: is a list, want a string or a mapping
test.yaml:5: e.k: is the string "many", want a whole number
test.yaml:6: f: is the number 3, want a string`
	if diff := cmp.Diff(wantErrors, Problems(result.Errors).Error()); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestAbbreviated(t *testing.T) {
	d, err := Parse("file.yaml", "a: [x, v]\nb: {names: [z], other: true, nmes: []}\nc: [[]]\nd: ~\n")
	if err != nil {
		t.Fatal(err)
	}
	into := map[string]abbreviated{}
	r := (&Decoder{}).Decode(d, &into)
	want := map[string]abbreviated{"a": {Names: []string{"x", "v"}}, "b": {Names: []string{"z"}, Other: true}, "c": {Names: []string{""}}, "d": {}}
	if diff := cmp.Diff(want, into); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := Problems(append(r.Errors, r.Warnings...)).Error(); got != "file.yaml:3: c[0]: is a list, want a string\nfile.yaml:2: b.nmes: is not known; did you mean names?" {
		t.Errorf("got %s", got)
	}
}

// Aliases inside aliases make values deeper than the text is.
func TestNesting(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 x\n")
	for i := range 100 {
		fmt.Fprintf(&b, "a%d: &a%d %s*a%d%s\n", i+1, i+1, strings.Repeat("[", 50), i, strings.Repeat("]", 50))
	}
	_, err := Parse("file.yaml", b.String())
	if err == nil || !strings.Contains(err.Error(), "is nested deeper than 1000") {
		t.Errorf("got %v", err)
	}
}

func TestLimits(t *testing.T) {
	for name, text := range map[string]string{
		"deep flow":  strings.Repeat("[", 100_000),
		"deep block": strings.Repeat("- ", 100_000) + "a",
		"long line":  "a: " + strings.Repeat("x", 1<<20) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			if d, err := Parse("file.yaml", text); err == nil {
				_, _ = d.Root().JSON()
				(&Decoder{}).Decode(d, new(target))
			}
		})
	}
}
