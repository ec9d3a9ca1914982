// SPDX-License-Identifier: Apache-2.0

package clonerefs_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/clonerefs"
)

func TestParseRefs(t *testing.T) {
	for text, want := range map[string]*prowv1.Refs{
		"org,repo=main":                             {Org: "org", Repo: "repo", BaseRef: "main"},
		"org,repo=main:abc":                         {Org: "org", Repo: "repo", BaseRef: "main", BaseSHA: "abc"},
		"org,repo=main:abc,3":                       {Org: "org", Repo: "repo", BaseRef: "main", BaseSHA: "abc", Pulls: []prowv1.Pull{{Number: 3}}},
		"org,repo=main,3:def,4":                     {Org: "org", Repo: "repo", BaseRef: "main", Pulls: []prowv1.Pull{{Number: 3, SHA: "def"}, {Number: 4}}},
		"org,repo=main,3:def:refs/changes/00/123/1": {Org: "org", Repo: "repo", BaseRef: "main", Pulls: []prowv1.Pull{{Number: 3, SHA: "def", Ref: "refs/changes/00/123/1"}}},
		"https://gerrit,a/b=main":                   {Org: "https://gerrit", Repo: "a/b", BaseRef: "main"},
		"org,repo":                                  nil,
		"org=main":                                  nil,
		",repo=main":                                nil,
		"org,repo=":                                 nil,
		"org,repo=main:abc:def":                     nil,
		"org,repo=main,":                            nil,
		"org,repo=main,x":                           nil,
		"org,repo=main,1:a:b:c":                     nil,
	} {
		got, err := clonerefs.ParseRefs(text)
		if (err != nil) != (want == nil) {
			t.Errorf("ParseRefs(%q): error is %v", text, err)
		}
		if want == nil {
			continue
		}
		if diff := cmp.Diff(*want, got); diff != "" {
			t.Errorf("ParseRefs(%q) (-want +got):\n%s", text, diff)
		}
	}
}

// Refs that can be read come back the same when they are written and read again.
func FuzzParseRefs(f *testing.F) {
	f.Add("org,repo=main")
	f.Add("org,repo=main:abc,1:def:ref,2")
	f.Add("https://gerrit,a/b=main,12:x")
	f.Fuzz(func(t *testing.T, text string) {
		refs, err := clonerefs.ParseRefs(text)
		if err != nil {
			return
		}
		written := refs.Org + "," + refs.Repo + "=" + refs.String()
		again, err := clonerefs.ParseRefs(written)
		if err != nil {
			t.Fatalf("%q, written as %q: %v", text, written, err)
		}
		if diff := cmp.Diff(refs, again); diff != "" {
			t.Errorf("%q, written as %q (-first +again):\n%s", text, written, diff)
		}
	})
}
