// SPDX-License-Identifier: Apache-2.0

package censor_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/podutils/censor"
)

func TestBytes(t *testing.T) {
	for _, test := range []struct {
		name    string
		values  []string
		minimum int
		in, out string
	}{
		{"plain", []string{"secret"}, 0, "a secret here", "a XXXXXX here"},
		{"trimmed", []string{" secret\n"}, 0, "secret", "XXXXXX"},
		{"base64 of the value", []string{"secret\n"}, 0, "v=" + base64.StdEncoding.EncodeToString([]byte("secret\n")), "v=XXXXXXXXXXXX"},
		{"base64 of the trimmed value", []string{"secret\n"}, 0, "v=" + base64.StdEncoding.EncodeToString([]byte("secret")), "v=XXXXXXXX"},
		{"booleans are no secrets", []string{"true", " FALSE "}, 0, "true FALSE false", "true FALSE false"},
		{"empty is no secret", []string{"", " \n"}, 0, "nothing", "nothing"},
		{"too short", []string{"abc", "abcd"}, 4, "abc abcd", "abc XXXX"},
		{"longer one wins", []string{"pass", "password"}, 0, "password pass", "XXXXXXXX XXXX"},
		{"overlapping", []string{"abcd", "cdef"}, 0, "-abcdef-", "-XXXXXX-"},
		{"adjacent", []string{"ab"}, 0, "ababab", "XXXXXX"},
		{"one byte", []string{"q"}, 0, "quick", "Xuick"},
		{"several lines", []string{"BEGIN\nkey\nEND\n"}, 0, "x\nBEGIN\nkey\nEND\ny", "x\nXXXXXXXXXXXXX\ny"},
		{"at the very end, not whole", []string{"secret"}, 0, "secre", "secre"},
	} {
		t.Run(test.name, func(t *testing.T) {
			secrets := censor.New(named(test.values), censor.Options{Minimum: test.minimum})
			if got := string(secrets.Bytes([]byte(test.in), nil)); got != test.out {
				t.Errorf("at once: got %q, want %q", got, test.out)
			}
			for name, from := range map[string]io.Reader{
				"whole":       strings.NewReader(test.in),
				"byte-wise":   iotest.OneByteReader(strings.NewReader(test.in)),
				"EOF at once": iotest.DataErrReader(strings.NewReader(test.in)),
			} {
				got, err := io.ReadAll(secrets.Reader(from, nil))
				if err != nil || string(got) != test.out {
					t.Errorf("%s: got %q (%v), want %q", name, got, err, test.out)
				}
			}
		})
	}
}

// named are values with names that tell them apart.
func named(texts []string) []censor.Value {
	var values []censor.Value
	for i, text := range texts {
		values = append(values, censor.Value{Name: fmt.Sprintf("secret %d", i), Text: text})
	}
	return values
}

// A stream gives what came at once, but for what may be the start of a secret.
func TestStream(t *testing.T) {
	tally := &censor.Tally{}
	stream := censor.New(named([]string{"secret", "cat"}), censor.Options{}).Stream(tally)
	for _, step := range []struct{ in, out string }{
		{"all clear", "all clear"},
		{" sec", " "},
		{"ond", "second"},
		{"a secr", "a "},
		{"et", "XXXXXX"},
		{" concat", " conXXX"},
		{"c", ""},
	} {
		if got := string(stream.Add([]byte(step.in))); got != step.out {
			t.Errorf("%q gives %q, want %q", step.in, got, step.out)
		}
	}
	if got := string(stream.Rest()); got != "c" {
		t.Errorf("the rest is %q, want c", got)
	}
	if diff := cmp.Diff(map[string]int{"secret 0": 1, "secret 1": 1}, tally.Counts()); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

// Secrets anywhere in long content, across all borders of buffers, come out as at once.
func TestLongContent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	values := []string{"s3cr3t", strings.Repeat("long", 5000), "ab", "bc"}
	var content bytes.Buffer
	for content.Len() < 1<<18 {
		content.WriteString(strings.Repeat("-", random.IntN(3000)))
		content.WriteString(values[random.IntN(len(values))])
	}
	secrets := censor.New(named(values), censor.Options{})
	want := secrets.Bytes(content.Bytes(), nil)
	got, err := io.ReadAll(secrets.Reader(iotest.HalfReader(bytes.NewReader(content.Bytes())), nil))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("the stream differs from what is censored at once")
	}
	if len(got) != content.Len() || bytes.ContainsAny(got, "s3crtlongabc") {
		t.Error("secrets are left")
	}
}

func TestReaderPassesErrors(t *testing.T) {
	_, err := io.ReadAll(censor.New(named([]string{"secret"}), censor.Options{}).Reader(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("some text"))), nil))
	if err != iotest.ErrTimeout {
		t.Errorf("error is %v, want %v", err, iotest.ErrTimeout)
	}
}

func TestChoice(t *testing.T) {
	for _, test := range []struct {
		include, exclude []string
		path             string
		want             bool
	}{
		{nil, nil, "a/b", true},
		{[]string{"logs/**"}, nil, "logs/a/b.txt", true},
		{[]string{"logs/**"}, nil, "other/b.txt", false},
		{[]string{"**/*.txt"}, nil, "b.txt", true},
		{[]string{"**/*.txt"}, nil, "a/b/c.txt", true},
		{[]string{"*.txt"}, nil, "a/c.txt", false},
		{[]string{"*.{txt,log}"}, nil, "c.log", true},
		{[]string{"a?c"}, nil, "abc", true},
		{nil, []string{"cache/**"}, "cache/x", false},
		{[]string{"**"}, []string{"cache/**"}, "cache/x", false},
		{nil, []string{"a.b"}, "aXb", true},
		{[]string{"**"}, nil, "two\nlines", true},
	} {
		choice, err := censor.NewChoice(test.include, test.exclude)
		if err != nil {
			t.Fatal(err)
		}
		if got := choice.Has(test.path); got != test.want {
			t.Errorf("include %q, exclude %q: %s is censored: %t, want %t", test.include, test.exclude, test.path, got, test.want)
		}
	}
	if _, err := censor.NewChoice([]string{"{a"}, nil); err == nil {
		t.Error("no error for a glob with an open brace")
	}
}
