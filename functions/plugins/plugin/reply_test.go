// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"testing"

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

func TestNotice(t *testing.T) {
	want := "Look.\n\n<details>\n\n" + AboutBot + "\n</details>"
	if diff := cmp.Diff(want, Notice("Look.")); diff != "" {
		t.Errorf("Notice (-want, +got):\n%s", diff)
	}
}
