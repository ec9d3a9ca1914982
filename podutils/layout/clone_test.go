// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/jobspec"
	"github.com/cutwater-ci/cutwater/podutils/layout"
)

func TestCensor(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "",
		"https://github.com/org/repo":          "https://github.com/org/repo",
		"git@github.com:org/repo":              "git@github.com:org/repo",
		"ssh://git@github.com/org/repo":        "ssh://git@github.com/org/repo",
		"https://ann:pass@host/org/repo.git":   "https://CENSORED@host/org/repo.git",
		"https://ghp_token@host/org/repo.git":  "https://CENSORED@host/org/repo.git",
		"http://ann:p@ss@host":                 "http://CENSORED@host",
		"HTTPS://ann:pass@host":                "HTTPS://CENSORED@host",
		"ssh://ann:pass@host/x":                "ssh://CENSORED@host/x",
		"https://host/@scope/name?mail=a:b@c":  "https://host/@scope/name?mail=a:b@c",
		"at 'https://a:b@c/', https://d@e/\nx": "at 'https://CENSORED@c/', https://CENSORED@e/\nx",
		"see https://host mail ann@host":       "see https://host mail ann@host",
		"://a:b@c":                             "://CENSORED@c",
		"unfinished https://":                  "unfinished https://",
	} {
		if got := layout.Censor(text); got != want {
			t.Errorf("Censor(%q) is %q, want %q", text, got, want)
		}
	}
}

// Passwords in the URI to clone from do not get into records, and nevertheless
// the record of the code under test is found.
func TestStartedWithPassword(t *testing.T) {
	refs := prowv1.Refs{Org: "org", Repo: "repo", BaseRef: "main", CloneURI: "https://ann:secret@host/org/repo"}
	for name, record := range map[string]prowv1.Refs{"ours": layout.ShownRefs(refs), "Prow's": refs} {
		records := []layout.CloneRecord{{}, {Refs: record, FinalSHA: "abc"}}
		started := layout.NewStarted(&jobspec.Spec{Type: prowv1.PostsubmitJob, Refs: &refs}, records, time.Unix(1, 0))
		if started.RepoCommit != "abc" {
			t.Errorf("%s record: commit is %q, want abc", name, started.RepoCommit)
		}
	}
	if got := layout.ShownRefs(refs).CloneURI; strings.Contains(got, "secret") {
		t.Errorf("shown URI is %s", got)
	}
}

func TestCloneLogExplains(t *testing.T) {
	records := []layout.CloneRecord{{
		Refs:        prowv1.Refs{Org: "org", Repo: "repo", BaseRef: "main"},
		Commands:    []layout.CloneCommand{{Command: "git merge", Output: "CONFLICT\n", Error: "exit status 1"}},
		Failed:      true,
		Explanation: "Pull #1 conflicts with main in a.",
	}}
	want := "# FAILED!\n# Cloning org/repo at main\n$ git merge (runtime: 0s)\nCONFLICT\n# Error: exit status 1\n# Pull #1 conflicts with main in a.\n# Final SHA: \n# Total runtime: 0s\n"
	if diff := cmp.Diff(want, layout.CloneLog(records)); diff != "" {
		t.Errorf("clone log (-want +got):\n%s", diff)
	}
}

// Whatever the records' file holds, there is a log that says all of it, and a
// started.json.
func FuzzCloneRecords(f *testing.F) {
	f.Add(`[{"refs":{"org":"","repo":""}},{"refs":{"org":"o","repo":"r","base_ref":"main","pulls":[{"number":1,"sha":"a"}],"clone_uri":"https://a:b@c/d"},"commands":[{"command":"git","output":"x","error":"e","duration":5}],"failed":true,"final_sha":"s","duration":7,"explanation":"why"}]`)
	f.Add(`[{"refs":{"org":"o","repo":"r","blobless_fetch":true,"sparse_checkout_files":["a"]},"commands":null}]`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, text string) {
		var records []layout.CloneRecord
		if json.Unmarshal([]byte(text), &records) != nil {
			return
		}
		log := layout.CloneLog(records)
		if got := strings.Count(log, "# Total runtime: "); got < len(records) {
			t.Errorf("log is of %d records, want %d:\n%s", got, len(records), log)
		}
		for i := range records {
			for _, part := range append([]string{records[i].FinalSHA, records[i].Explanation}, texts(records[i].Commands)...) {
				if !strings.Contains(log, part) {
					t.Errorf("log lacks %q:\n%s", part, log)
				}
			}
			spec := &jobspec.Spec{Refs: &records[i].Refs, ExtraRefs: []prowv1.Refs{records[i].Refs}}
			started := layout.NewStarted(spec, records, time.Unix(1, 0))
			if want := records[i].FinalSHA; want != "" && want != started.RepoCommit && unique(records, i) {
				t.Errorf("started.json has commit %q, want %q", started.RepoCommit, want)
			}
			if _, err := json.Marshal(started); err != nil {
				t.Error(err)
			}
		}
	})
}

func texts(commands []layout.CloneCommand) []string {
	var all []string
	for _, command := range commands {
		all = append(all, command.Command, command.Output, command.Error)
	}
	return all
}

// unique tells whether no other record is of the same refs.
func unique(records []layout.CloneRecord, i int) bool {
	for j := range records {
		if j != i && cmp.Equal(layout.ShownRefs(records[i].Refs), layout.ShownRefs(records[j].Refs)) {
			return false
		}
	}
	return true
}
