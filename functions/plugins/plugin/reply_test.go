// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/github"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

func TestReply(t *testing.T) {
	c := Comment{GenericComment: webhook.GenericComment{
		Body: "/hold\nplease", HTMLURL: "https://github.com/org/repo/pull/1#issuecomment-7", Author: github.User{Login: "bob"},
	}}
	want := "@bob: No.\n\n<details>\n\nIn response to [this](https://github.com/org/repo/pull/1#issuecomment-7):\n\n>/hold\n>please\n\n\n" + AboutBot + "\n</details>"
	if diff := cmp.Diff(want, c.Reply("No.")); diff != "" {
		t.Errorf("Reply (-want, +got):\n%s", diff)
	}
}

// Who writes as much as GitHub takes is answered nevertheless.
func TestReplyToLongComment(t *testing.T) {
	for _, body := range []string{strings.Repeat("é", 65536), strings.Repeat("\n", 65536), "/test x\n" + strings.Repeat("a\n", 30000)} {
		c := Comment{GenericComment: webhook.GenericComment{Body: body, HTMLURL: "https://github.com/org/repo/pull/1", Author: github.User{Login: "bob"}}}
		reply := c.Reply("No.")
		if n := utf8.RuneCountInString(reply); n > 65536 || n < 60000 {
			t.Errorf("the reply has %d characters", n)
		}
		if !utf8.ValidString(reply) || !strings.HasPrefix(reply, "@bob: No.\n") || !strings.HasSuffix(reply, "…\n\n\n"+AboutBot+"\n</details>") {
			t.Errorf("the reply is not whole: %.60q … %q", reply, reply[len(reply)-60:])
		}
	}
}

func TestNotice(t *testing.T) {
	want := "Look.\n\n<details>\n\n" + AboutBot + "\n</details>"
	if diff := cmp.Diff(want, Notice("Look.")); diff != "" {
		t.Errorf("Notice (-want, +got):\n%s", diff)
	}
}
