// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"strings"
	"testing"
)

func TestWithoutCode(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"no code", "/test all\nplease", "/test all\nplease"},
		{"block", "a\n```\n/test all\n```\nb\n", "a\nb\n"},
		{"block with language", "```sh\n/test all\n```\n/hold", "/hold"},
		{"tildes", "~~~\n/test all\n~~~\n/hold", "/hold"},
		{"tildes are not closed by backticks", "~~~\n/a\n```\n/b\n~~~\n/c", "/c"},
		{"longer fence", "````\n/a\n```\n/b\n````\n/c", "/c"},
		{"never closed", "/a\n```\n/b", "/a\n"},
		{"indented fence", "   ```\n/a\n  ```\n/b", "/b"},
		{"too far indented to be a fence", "    ```\n/a", "    ```\n/a"},
		{"inline code", "use ```/a``` here\n/b", "use ```/a``` here\n/b"},
		{"inline code that begins a line", "```/a```\n/b", "```/a```\n/b"},
		{"carriage returns", "x\r\n```\r\n/a\r\n```\r\n/b\r\n", "x\r\n/b\r\n"},
		{"closing fence has no words", "```\n/a\n``` x\n/b\n```\n/c", "/c"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := WithoutCode(tc.text); got != tc.want {
				t.Errorf("WithoutCode(%q) = %q, want %q", tc.text, got, tc.want)
			}
		})
	}
}

// Whatever people write: nothing is invented, and what is outside of fences stays.
func FuzzCommands(f *testing.F) {
	for _, seed := range []string{
		"/test all", "```\n/hold\n```", "~~~ x\n/hold", "/ok-to-test cancel\r\n", "\x00/test \xff", "````\n```\n````", "/test ?\n```go\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		kept := WithoutCode(text)
		if !strings.Contains(text, "```") && !strings.Contains(text, "~~~") && kept != text {
			t.Errorf("WithoutCode(%q) = %q, although there is no fence", text, kept)
		}
		rest := text
		for line := range strings.SplitAfterSeq(kept, "\n") {
			_, after, found := strings.Cut(rest, line)
			if !found {
				t.Fatalf("WithoutCode(%q) = %q: the line %q is not from there", text, kept, line)
			}
			rest = after
		}
		for line := range strings.SplitSeq(quote(text), "\n") {
			if !strings.HasPrefix(line, ">") {
				t.Fatalf("quote(%q) has the line %q, which is not quoted", text, line)
			}
		}
	})
}
